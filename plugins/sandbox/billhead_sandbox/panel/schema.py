"""The tables of the sandbox. Lookup columns are indexed, and as little is unique as on real panels."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS stalker_accounts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    login TEXT NOT NULL DEFAULT '', password TEXT NOT NULL DEFAULT '',
    account_number TEXT NOT NULL DEFAULT '', stb_mac TEXT NOT NULL DEFAULT '',
    blocked INTEGER NOT NULL DEFAULT 0, tariff_plan_id INTEGER,
    end_date TEXT NOT NULL DEFAULT '0000-00-00 00:00:00', account_balance TEXT NOT NULL DEFAULT '',
    full_name TEXT NOT NULL DEFAULT '', phone TEXT NOT NULL DEFAULT '', comment TEXT,
    additional_services_on INTEGER NOT NULL DEFAULT 1, sub_ch TEXT NOT NULL DEFAULT '[]',
    disabled TEXT NOT NULL DEFAULT '[]', restricted TEXT NOT NULL DEFAULT '[]',
    stb_sn TEXT NOT NULL DEFAULT '', stb_type TEXT NOT NULL DEFAULT '', version TEXT NOT NULL DEFAULT '',
    ip TEXT NOT NULL DEFAULT '', last_active TEXT NOT NULL DEFAULT '0000-00-00 00:00:00',
    keep_alive INTEGER NOT NULL DEFAULT 0, token TEXT NOT NULL DEFAULT '',
    device_id TEXT NOT NULL DEFAULT '', device_id2 TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS stalker_by_login ON stalker_accounts (lower(rtrim(login)));
CREATE INDEX IF NOT EXISTS stalker_by_number ON stalker_accounts (lower(rtrim(account_number)));
CREATE INDEX IF NOT EXISTS stalker_by_mac ON stalker_accounts (lower(rtrim(stb_mac)));
CREATE INDEX IF NOT EXISTS stalker_by_end ON stalker_accounts (blocked, end_date);
CREATE TABLE IF NOT EXISTS stalker_subscriptions (
    account_id INTEGER NOT NULL, package_id INTEGER NOT NULL, PRIMARY KEY (account_id, package_id));
CREATE TABLE IF NOT EXISTS stalker_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, account_id INTEGER NOT NULL, event TEXT NOT NULL,
    msg TEXT NOT NULL DEFAULT '', video TEXT NOT NULL DEFAULT '', need_reboot INTEGER NOT NULL DEFAULT 0,
    auto_hide_timeout INTEGER NOT NULL DEFAULT 0, expires INTEGER NOT NULL, sent INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS stalker_events_waiting ON stalker_events (account_id, sent);
CREATE TABLE IF NOT EXISTS stalker_monitoring (channel_id INTEGER PRIMARY KEY, status INTEGER NOT NULL);

CREATE TABLE IF NOT EXISTS lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT, member_id INTEGER, username TEXT, password TEXT, last_ip TEXT,
    exp_date INTEGER, admin_enabled INTEGER NOT NULL DEFAULT 1, enabled INTEGER NOT NULL DEFAULT 1,
    admin_notes TEXT, reseller_notes TEXT, bouquet TEXT NOT NULL DEFAULT '[]',
    allowed_outputs TEXT NOT NULL DEFAULT '[]', max_connections INTEGER NOT NULL DEFAULT 1,
    is_restreamer INTEGER NOT NULL DEFAULT 0, is_trial INTEGER NOT NULL DEFAULT 0,
    is_mag INTEGER NOT NULL DEFAULT 0, is_e2 INTEGER NOT NULL DEFAULT 0,
    is_stalker INTEGER NOT NULL DEFAULT 0, is_isplock INTEGER NOT NULL DEFAULT 0,
    allowed_ips TEXT, allowed_ua TEXT, created_at INTEGER, pair_id INTEGER,
    force_server_id INTEGER NOT NULL DEFAULT 0, forced_country TEXT, bypass_ua INTEGER NOT NULL DEFAULT 0,
    last_activity INTEGER, package_id INTEGER, contact TEXT, updated INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS lines_by_username ON lines (username);
CREATE INDEX IF NOT EXISTS lines_by_pair ON lines (pair_id);
CREATE TABLE IF NOT EXISTS lines_cache (
    id INTEGER PRIMARY KEY, username TEXT, row TEXT NOT NULL, cached_at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS lines_cache_by_username ON lines_cache (username);
CREATE TABLE IF NOT EXISTS cache_signals (line_id INTEGER NOT NULL, due REAL NOT NULL);
CREATE TABLE IF NOT EXISTS mag_devices (
    mag_id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, mac TEXT NOT NULL,
    lock_device INTEGER NOT NULL DEFAULT 0, sn TEXT, stb_type TEXT, token TEXT, ver TEXT);
CREATE INDEX IF NOT EXISTS mag_by_mac ON mag_devices (mac);
CREATE INDEX IF NOT EXISTS mag_by_line ON mag_devices (user_id);
CREATE TABLE IF NOT EXISTS enigma2_devices (
    device_id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER NOT NULL, mac TEXT NOT NULL,
    lock_device INTEGER NOT NULL DEFAULT 0, modem_mac TEXT, local_ip TEXT, token TEXT);
CREATE INDEX IF NOT EXISTS enigma_by_mac ON enigma2_devices (mac);
CREATE INDEX IF NOT EXISTS enigma_by_line ON enigma2_devices (user_id);
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT, username TEXT, password TEXT, email TEXT, ip TEXT,
    date_registered INTEGER, last_login INTEGER, member_group_id INTEGER NOT NULL,
    credits INTEGER NOT NULL DEFAULT 0, notes TEXT, status INTEGER NOT NULL DEFAULT 1,
    owner_id INTEGER NOT NULL DEFAULT 0, timezone TEXT, api_key TEXT);
CREATE INDEX IF NOT EXISTS users_by_key ON users (api_key);
CREATE TABLE IF NOT EXISTS users_credits_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, target_id INTEGER, admin_id INTEGER, amount INTEGER,
    date INTEGER, reason TEXT);
CREATE TABLE IF NOT EXISTS users_logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner INTEGER, type TEXT, action TEXT, log_id INTEGER,
    package_id INTEGER, cost INTEGER, credits_after INTEGER, date INTEGER);
CREATE TABLE IF NOT EXISTS lines_live (
    activity_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT, user_id INTEGER, stream_id INTEGER,
    server_id INTEGER NOT NULL DEFAULT 1, user_agent TEXT, user_ip TEXT, container TEXT, date_start INTEGER,
    geoip_country_code TEXT, isp TEXT, pid INTEGER, ended INTEGER);
CREATE INDEX IF NOT EXISTS live_by_line ON lines_live (user_id);
CREATE TABLE IF NOT EXISTS lines_activity (
    activity_id INTEGER PRIMARY KEY AUTOINCREMENT, user_id INTEGER, stream_id INTEGER,
    server_id INTEGER NOT NULL DEFAULT 1, user_agent TEXT, user_ip TEXT, container TEXT, date_start INTEGER,
    date_end INTEGER, geoip_country_code TEXT, isp TEXT);
CREATE INDEX IF NOT EXISTS activity_by_line ON lines_activity (user_id);

CREATE TABLE IF NOT EXISTS card_charges (
    id TEXT PRIMARY KEY, session TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    reference TEXT NOT NULL, description TEXT NOT NULL, token TEXT, save INTEGER NOT NULL, off_session INTEGER NOT NULL,
    status TEXT NOT NULL, failure_class TEXT, failure_code TEXT, after_challenge TEXT,
    refunded INTEGER NOT NULL DEFAULT 0, fee INTEGER NOT NULL DEFAULT 0, card_brand TEXT, card_last4 TEXT,
    base_url TEXT NOT NULL, return_url TEXT, cancel_url TEXT, callback_url TEXT, created INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS charges_by_reference ON card_charges (reference);
CREATE TABLE IF NOT EXISTS card_refunds (
    id TEXT PRIMARY KEY, charge TEXT NOT NULL, amount INTEGER NOT NULL, currency TEXT NOT NULL,
    reference TEXT NOT NULL, status TEXT NOT NULL, failure_code TEXT, created INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS refunds_by_reference ON card_refunds (reference);
CREATE TABLE IF NOT EXISTS card_disputes (
    id TEXT PRIMARY KEY, charge TEXT NOT NULL, amount INTEGER NOT NULL, fee INTEGER NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS card_tokens (
    token TEXT PRIMARY KEY, brand TEXT NOT NULL, last4 TEXT NOT NULL, uses INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS card_requests (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS card_callbacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, charge TEXT NOT NULL, type TEXT NOT NULL, url TEXT NOT NULL,
    body TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, answer TEXT);
CREATE INDEX IF NOT EXISTS callbacks_due ON card_callbacks (state, due);
CREATE TABLE IF NOT EXISTS card_settlements (subject TEXT PRIMARY KEY, due REAL NOT NULL, status TEXT NOT NULL);
"""

TABLES = tuple(
    words.split()[0] for words in SCHEMA.split("CREATE TABLE IF NOT EXISTS ")[1:]
)  # in the order of creation
