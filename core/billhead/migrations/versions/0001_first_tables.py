"""First tables."""

import sqlalchemy as sa
from alembic import op

import billhead.db

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry'))
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index('ix_audit_entry_actor', ['actor', 'at'], unique=False)
        batch_op.create_index('ix_audit_entry_subject', ['subject'], unique=False)

    op.create_table('bouquet_item',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('bouquet_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('panel_id', 'bouquet_id', 'item', name=op.f('pk_bouquet_item')),
    sqlite_with_rowid=False
    )
    op.create_table('box_address',
    sa.Column('mac', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('mac', name=op.f('pk_box_address'))
    )
    op.create_table('content_title',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('panel_id', 'kind', 'item', name=op.f('pk_content_title')),
    sqlite_with_rowid=False
    )
    op.create_table('event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('type', sa.String(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('aggregate', sa.String(), nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event'))
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index('ix_event_aggregate', ['aggregate', 'id'], unique=False)

    op.create_table('exchange_rate',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('base', sa.String(), nullable=False),
    sa.Column('rate', sa.String(), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_exchange_rate')),
    sa.UniqueConstraint('currency', 'base', 'day', name=op.f('uq_exchange_rate_currency_base_day'))
    )
    op.create_table('freeze_switch',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('changed_by', sa.String(), nullable=False),
    sa.Column('changed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_freeze_switch'))
    )
    op.create_table('house_fact',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_house_fact'))
    )
    op.create_table('idempotency_record',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('arguments_digest', sa.String(), nullable=False),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_idempotency_record')),
    sa.UniqueConstraint('actor', 'action', 'key', name=op.f('uq_idempotency_record_actor_action_key'))
    )
    op.create_table('job',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('args', sa.JSON(), nullable=False),
    sa.Column('key', sa.String(), nullable=True),
    sa.Column('lane', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('due_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('lease_until', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('lease_token', sa.String(), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job'))
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index('ix_job_due', ['state', 'due_at', 'id', 'lane'], unique=False)
        batch_op.create_index('ix_job_key', ['key', 'state'], unique=False)
        batch_op.create_index('ix_job_lane', ['lane', 'state', 'due_at', 'id'], unique=False)

    op.create_table('job_try',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('job_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job_try'))
    )
    with op.batch_alter_table('job_try', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_try_job_id'), ['job_id'], unique=False)

    op.create_table('ledger_seal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('previous', sa.LargeBinary(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=False),
    sa.Column('count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_seal'))
    )
    op.create_table('live_sighting',
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('session', sa.String(), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('began', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seen', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ip', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('service_id', 'session', name=op.f('pk_live_sighting'))
    )
    with op.batch_alter_table('live_sighting', schema=None) as batch_op:
        batch_op.create_index('ix_live_sighting_seen', ['seen'], unique=False)

    op.create_table('login_attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_attempt'))
    )
    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.create_index('ix_login_attempt_key_at', ['key', 'at'], unique=False)

    op.create_table('party',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party')),
    sa.UniqueConstraint('digest', name=op.f('uq_party_digest'))
    )
    op.create_table('plugin_state',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('secrets', sa.String(), nullable=False),
    sa.Column('changed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_plugin_state'))
    )
    op.create_table('plugin_storage',
    sa.Column('plugin', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('plugin', 'key', name=op.f('pk_plugin_storage'))
    )
    op.create_table('seller',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('legal_name', sa.String(), nullable=False),
    sa.Column('address', sa.JSON(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('vat_id', sa.String(), nullable=False),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('tax_engine', sa.String(), nullable=False),
    sa.Column('tax_rounding', sa.String(), nullable=False),
    sa.Column('fiscal_year_start_month', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('terms_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lead_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('grace_hours', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('mail_from', sa.String(), nullable=False),
    sa.Column('theme', sa.String(), nullable=False),
    sa.Column('plans_shown_as', sa.String(), server_default='cards', nullable=False),
    sa.Column('money_back', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('draft_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('hold_for_review', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('number_on', sa.String(), server_default='finalisation', nullable=False),
    sa.Column('number_proformas', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('mac_swaps', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.Column('proforma_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='30', nullable=False),
    sa.Column('invoicing', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('top_ups', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('referrals', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('watching', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('staff_two_step', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('fraud', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('support', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('worded', sa.JSON(), server_default='[]', nullable=False),
    sa.Column('mails', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('privacy', sa.JSON(), server_default='{}', nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_seller')),
    sa.UniqueConstraint('code', name=op.f('uq_seller_code'))
    )
    op.create_table('setup_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('made_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_setup_code'))
    )
    op.create_table('simulation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('first_day', sa.Date(), nullable=False),
    sa.Column('last_day', sa.Date(), nullable=False),
    sa.Column('payments', sa.String(), nullable=False),
    sa.Column('seed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('began_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('result', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_simulation'))
    )
    op.create_table('spent_challenge',
    sa.Column('challenge_hash', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('challenge_hash', name=op.f('pk_spent_challenge'))
    )
    with op.batch_alter_table('spent_challenge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_spent_challenge_at'), ['at'], unique=False)

    op.create_table('staff_role',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('about', sa.String(), nullable=False),
    sa.Column('permissions', sa.JSON(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_role')),
    sa.UniqueConstraint('name', name=op.f('uq_staff_role_name'))
    )
    op.create_table('usage_event',
    sa.Column('day', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('metric_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('properties', sa.String(), nullable=True),
    sa.PrimaryKeyConstraint('day', 'subscription_id', 'metric_id', 'at', 'source_id', 'event_id', name=op.f('pk_usage_event')),
    sqlite_with_rowid=False
    )
    op.create_table('usage_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('dry_run', sa.Boolean(), nullable=False),
    sa.Column('lines', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('through', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('accepted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('duplicates', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('late', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_import'))
    )
    with op.batch_alter_table('usage_import', schema=None) as batch_op:
        batch_op.create_index('ix_usage_import_created', ['created_at'], unique=False)

    op.create_table('usage_source',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_source')),
    sa.UniqueConstraint('code', name=op.f('uq_usage_source_code'))
    )
    op.create_table('viewing',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('viewing_id', sa.String(), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('began', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ended', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('item', sa.String(), nullable=False),
    sa.Column('ref', sa.String(), nullable=False),
    sa.Column('login', sa.String(), nullable=False),
    sa.Column('remote_id', sa.String(), server_default='', nullable=False),
    sa.Column('ip', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('device', sa.String(), nullable=False),
    sa.Column('counted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('panel_id', 'viewing_id', name=op.f('pk_viewing')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('viewing', schema=None) as batch_op:
        batch_op.create_index('ix_viewing_day', ['day'], unique=False)
        batch_op.create_index('ix_viewing_service', ['service_id', 'began'], unique=False)

    op.create_table('worker_pulse',
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('host', sa.String(), nullable=False),
    sa.Column('pid', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('threads', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('started_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_worker_pulse'))
    )
    op.create_table('billing_run',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('as_of', sa.Date(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('considered', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('documents', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('totals', sa.JSON(), nullable=False),
    sa.Column('invoices', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('unusual', sa.JSON(), nullable=True),
    sa.Column('cancel_asked', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('started_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('alive_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_billing_run_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_billing_run'))
    )
    op.create_table('bouquet',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('country_rule', sa.String(), server_default='', nullable=False),
    sa.Column('countries', sa.JSON(), server_default='[]', nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_bouquet_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bouquet')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_bouquet_seller_id_code'))
    )
    op.create_table('bulk_action',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('wish', sa.JSON(), nullable=False),
    sa.Column('chosen', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failed', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('undone', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_bulk_action_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_action'))
    )
    with op.batch_alter_table('bulk_action', schema=None) as batch_op:
        batch_op.create_index('ix_bulk_action_state', ['state'], unique=False)

    op.create_table('content_page',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('place', sa.String(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('must_agree', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_content_page_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_content_page')),
    sa.UniqueConstraint('seller_id', 'slug', name=op.f('uq_content_page_seller_id_slug'))
    )
    op.create_table('coupon',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('percent_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('cycles', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('stackable', sa.Boolean(), nullable=False),
    sa.Column('covers_setup', sa.Boolean(), nullable=False),
    sa.Column('new_customers', sa.Boolean(), nullable=False),
    sa.Column('first_order', sa.Boolean(), nullable=False),
    sa.Column('countries', sa.JSON(), nullable=False),
    sa.Column('terms', sa.JSON(), nullable=False),
    sa.Column('minimum_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('total_uses', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('uses_per_customer', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('used', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('disabled', sa.Boolean(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('used >= 0', name=op.f('ck_coupon_used')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_coupon_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_coupon_seller_id_code'))
    )
    op.create_table('event_delivery',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plugin', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['event.id'], name=op.f('fk_event_delivery_event_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_delivery')),
    sa.UniqueConstraint('event_id', 'plugin', name=op.f('uq_event_delivery_event_id_plugin'))
    )
    with op.batch_alter_table('event_delivery', schema=None) as batch_op:
        batch_op.create_index('ix_event_delivery_pending', ['plugin', 'state', 'event_id'], unique=False)

    op.create_table('fraud_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('allows', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_fraud_entry_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fraud_entry')),
    sa.UniqueConstraint('seller_id', 'kind', 'value', name=op.f('uq_fraud_entry_seller_id_kind_value'))
    )
    op.create_table('gateway_account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('gateway', sa.String(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('secrets', sa.String(), nullable=False),
    sa.Column('proof_key', sa.String(), server_default='', nullable=False),
    sa.Column('currencies', sa.JSON(), nullable=False),
    sa.Column('callback_token', sa.String(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paused_because', sa.String(), nullable=False),
    sa.Column('paused_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_gateway_account_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gateway_account')),
    sa.UniqueConstraint('callback_token', name=op.f('uq_gateway_account_callback_token')),
    sa.UniqueConstraint('code', name=op.f('uq_gateway_account_code'))
    )
    op.create_table('help_article',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('category', sa.String(), nullable=False),
    sa.Column('slug', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('published', sa.Boolean(), nullable=False),
    sa.Column('in_shops', sa.Boolean(), nullable=False),
    sa.Column('title_words', sa.String(), nullable=False),
    sa.Column('words', sa.String(), nullable=False),
    sa.Column('helped', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('not_helped', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_help_article_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_help_article')),
    sa.UniqueConstraint('seller_id', 'language', 'slug', name=op.f('uq_help_article_seller_id_language_slug'))
    )
    with op.batch_alter_table('help_article', schema=None) as batch_op:
        batch_op.create_index('ix_help_article_shown', ['seller_id', 'published', 'language', 'category'], unique=False)

    op.create_table('ledger_account',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_ledger_account_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_account')),
    sa.UniqueConstraint('seller_id', 'code', 'currency', 'subject', name=op.f('uq_ledger_account_seller_id_code_currency_subject'))
    )
    op.create_table('ledger_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_ledger_entry_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ledger_entry')),
    sa.UniqueConstraint('key', name=op.f('uq_ledger_entry_key'))
    )
    op.create_table('notice_text',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('short', sa.String(), nullable=False),
    sa.Column('standard', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('written_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_notice_text_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_text'))
    )
    with op.batch_alter_table('notice_text', schema=None) as batch_op:
        batch_op.create_index('ix_notice_text_found', ['seller_id', 'kind', 'language', 'id'], unique=False)

    op.create_table('number_series',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('fiscal_year', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('prefix', sa.String(), nullable=False),
    sa.Column('first_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='1', nullable=False),
    sa.Column('next_number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_number_series_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_number_series')),
    sa.UniqueConstraint('seller_id', 'kind', 'fiscal_year', name=op.f('uq_number_series_seller_id_kind_fiscal_year'))
    )
    op.create_table('own_word',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('mark', sa.String(), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_own_word_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_own_word')),
    sa.UniqueConstraint('seller_id', 'language', 'mark', name=op.f('uq_own_word_seller_id_language_mark'))
    )
    op.create_table('panel',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('module', sa.String(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('secrets', sa.String(), nullable=False),
    sa.Column('panel_group', sa.String(), nullable=False),
    sa.Column('capacity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('weight', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('calls_per_second', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bouquet_nights', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='7', nullable=False),
    sa.Column('bouquets_read_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('maintenance', sa.Boolean(), nullable=False),
    sa.Column('managed', sa.JSON(), nullable=False),
    sa.Column('brake_percent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('failures', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('open_until', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_ok_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_error', sa.String(), nullable=False),
    sa.Column('reconciled_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('reconcile_report', sa.JSON(), nullable=False),
    sa.Column('balance_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('balance_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('balance_low_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('balance_told', sa.Boolean(), nullable=False),
    sa.Column('spend_cap_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('spend_cap_told_on', sa.Date(), nullable=True),
    sa.Column('credit_cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credit_cost_currency', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_panel_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel')),
    sa.UniqueConstraint('code', name=op.f('uq_panel_code'))
    )
    op.create_table('plan',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('tax_class', sa.String(), nullable=False),
    sa.Column('family', sa.String(), nullable=False),
    sa.Column('tier', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('connections', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fixed_term', sa.String(), nullable=False),
    sa.Column('season_ends_on', sa.Date(), nullable=True),
    sa.Column('then_plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('renewal_from', sa.String(), nullable=False),
    sa.Column('cancel_policy', sa.String(), nullable=False),
    sa.Column('proration', sa.String(), nullable=False),
    sa.Column('lead_days', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('start_up_credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('country_rule', sa.String(), server_default='', nullable=False),
    sa.Column('countries', sa.JSON(), server_default='[]', nullable=False),
    sa.Column('listed', sa.Boolean(), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_plan_seller_id')),
    sa.ForeignKeyConstraint(['then_plan_id'], ['plan.id'], name=op.f('fk_plan_then_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_plan_seller_id_code'))
    )
    op.create_table('reprice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('existing_from', sa.Date(), nullable=False),
    sa.Column('tell_on', sa.Date(), nullable=True),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('told', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscriptions', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('a_month_minor', sa.JSON(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_reprice_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reprice'))
    )
    with op.batch_alter_table('reprice', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reprice_seller_id'), ['seller_id'], unique=False)

    op.create_table('reseller',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('parent_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('tier', sa.String(), nullable=False),
    sa.Column('suspended', sa.Boolean(), nullable=False),
    sa.Column('suspended_by_operator', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('suspended_lines', sa.String(), server_default='', nullable=False),
    sa.Column('rights', sa.JSON(), nullable=False),
    sa.Column('credit_line_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('renews_users', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('contact', sa.String(), server_default='', nullable=False),
    sa.Column('told_before', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='3', nullable=False),
    sa.Column('created_on', sa.Date(), nullable=False),
    sa.Column('removed_on', sa.Date(), nullable=True),
    sa.Column('sought_name', sa.String(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['parent_id'], ['reseller.id'], name=op.f('fk_reseller_parent_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_reseller_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reseller')),
    sa.UniqueConstraint('code', name=op.f('uq_reseller_code'))
    )
    with op.batch_alter_table('reseller', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reseller_parent_id'), ['parent_id'], unique=False)
        batch_op.create_index('ix_reseller_sought_name', ['sought_name'], unique=False, postgresql_ops={'sought_name': 'text_pattern_ops'})

    op.create_table('seller_logo',
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('format', sa.String(), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_seller_logo_seller_id')),
    sa.PrimaryKeyConstraint('seller_id', name=op.f('pk_seller_logo'))
    )
    op.create_table('setup_guide',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('kinds', sa.JSON(), nullable=False),
    sa.Column('steps', sa.String(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hidden', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_setup_guide_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_setup_guide')),
    sa.UniqueConstraint('seller_id', 'code', 'language', name=op.f('uq_setup_guide_seller_id_code_language'))
    )
    op.create_table('sign_in_provider',
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('issuer', sa.String(), nullable=False),
    sa.Column('client_id', sa.String(), nullable=False),
    sa.Column('client_secret', sa.String(), nullable=False),
    sa.Column('enabled', sa.Boolean(), nullable=False),
    sa.Column('for_customers', sa.Boolean(), nullable=False),
    sa.Column('known', sa.JSON(), nullable=False),
    sa.Column('known_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_sign_in_provider_seller_id')),
    sa.PrimaryKeyConstraint('seller_id', name=op.f('pk_sign_in_provider'))
    )
    op.create_table('sign_in_trip',
    sa.Column('state_hash', sa.String(), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sealed', sa.String(), nullable=False),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_sign_in_trip_seller_id')),
    sa.PrimaryKeyConstraint('state_hash', name=op.f('pk_sign_in_trip'))
    )
    with op.batch_alter_table('sign_in_trip', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_trip_expires_at'), ['expires_at'], unique=False)

    op.create_table('subscriber_import',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('encoding', sa.String(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=True),
    sa.Column('columns', sa.JSON(), nullable=False),
    sa.Column('cards', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('dry_run', sa.Boolean(), nullable=False),
    sa.Column('lines', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('through', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('added', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('known', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_subscriber_import_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriber_import'))
    )
    with op.batch_alter_table('subscriber_import', schema=None) as batch_op:
        batch_op.create_index('ix_subscriber_import_created', ['created_at'], unique=False)

    op.create_table('tax_registration',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(), nullable=False),
    sa.Column('scheme', sa.String(), nullable=False),
    sa.Column('number', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_tax_registration_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_registration')),
    sa.UniqueConstraint('seller_id', 'jurisdiction', 'scheme', name=op.f('uq_tax_registration_seller_id_jurisdiction_scheme'))
    )
    op.create_table('usage_batch',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('accepted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('duplicates', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('rejected', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['source_id'], ['usage_source.id'], name=op.f('fk_usage_batch_source_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_batch'))
    )
    op.create_table('usage_import_refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('raw', sa.JSON(), nullable=True),
    sa.ForeignKeyConstraint(['import_id'], ['usage_import.id'], name=op.f('fk_usage_import_refusal_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_import_refusal'))
    )
    with op.batch_alter_table('usage_import_refusal', schema=None) as batch_op:
        batch_op.create_index('ix_usage_import_refusal_import', ['import_id', 'line'], unique=False)

    op.create_table('usage_metric',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('unit', sa.String(), nullable=False),
    sa.Column('aggregation', sa.String(), nullable=False),
    sa.Column('decimals', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_usage_metric_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_metric')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_usage_metric_seller_id_code'))
    )
    op.create_table('viewing_rule',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('metric', sa.String(), nullable=False),
    sa.Column('measure', sa.String(), nullable=False),
    sa.Column('least_seconds', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('gap_minutes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('items', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_viewing_rule_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_viewing_rule')),
    sa.UniqueConstraint('seller_id', 'kind', 'metric', name=op.f('uq_viewing_rule_seller_id_kind_metric'))
    )
    op.create_table('address_news',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), server_default='addresses', nullable=False),
    sa.Column('begins_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('words', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('told', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unreached', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_address_news_panel_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_address_news'))
    )
    with op.batch_alter_table('address_news', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_address_news_panel_id'), ['panel_id'], unique=False)

    op.create_table('adoption',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('dry_run', sa.Boolean(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('wish', sa.JSON(), nullable=False),
    sa.Column('mapping', sa.JSON(), nullable=False),
    sa.Column('expected', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lines', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('adopted', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('known', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_adoption_panel_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adoption'))
    )
    with op.batch_alter_table('adoption', schema=None) as batch_op:
        batch_op.create_index('ix_adoption_panel', ['panel_id'], unique=False)

    op.create_table('announcement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('texts', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('readers', sa.String(), server_default='everybody', nullable=False),
    sa.Column('in_shops', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('urgent', sa.Boolean(), nullable=False),
    sa.Column('pinned', sa.Boolean(), nullable=False),
    sa.Column('starts_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_announcement_panel_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_announcement_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_announcement'))
    )
    with op.batch_alter_table('announcement', schema=None) as batch_op:
        batch_op.create_index('ix_announcement_shown', ['seller_id', 'ends_at'], unique=False)

    op.create_table('bundle_part',
    sa.Column('bundle_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('weight', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['bundle_id'], ['plan.id'], name=op.f('fk_bundle_part_bundle_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_bundle_part_plan_id')),
    sa.PrimaryKeyConstraint('bundle_id', 'plan_id', name=op.f('pk_bundle_part'))
    )
    op.create_table('callback',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('path', sa.String(), nullable=False),
    sa.Column('query', sa.String(), nullable=False),
    sa.Column('headers', sa.JSON(), nullable=False),
    sa.Column('body', sa.LargeBinary(), nullable=False),
    sa.Column('remote_address', sa.String(), server_default='', nullable=False),
    sa.Column('received_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('event_id', sa.String(), nullable=True),
    sa.Column('error', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_callback_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_callback')),
    sa.UniqueConstraint('account_id', 'event_id', name=op.f('uq_callback_account_id_event_id'))
    )
    with op.batch_alter_table('callback', schema=None) as batch_op:
        batch_op.create_index('ix_callback_state', ['state', 'received_at'], unique=False)

    op.create_table('content_text',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('newest', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('shown', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['page_id'], ['content_page.id'], name=op.f('fk_content_text_page_id')),
    sa.PrimaryKeyConstraint('page_id', 'language', name=op.f('pk_content_text'))
    )
    op.create_table('content_version',
    sa.Column('page_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('title', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('published_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['page_id'], ['content_page.id'], name=op.f('fk_content_version_page_id')),
    sa.PrimaryKeyConstraint('page_id', 'language', 'number', name=op.f('pk_content_version'))
    )
    op.create_table('coupon_plan',
    sa.Column('coupon_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['coupon_id'], ['coupon.id'], name=op.f('fk_coupon_plan_coupon_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_coupon_plan_plan_id')),
    sa.PrimaryKeyConstraint('coupon_id', 'plan_id', name=op.f('pk_coupon_plan'))
    )
    op.create_table('credit_lot',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('remaining_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cost_currency', sa.String(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('remaining_minor >= 0 AND remaining_minor <= amount_minor', name=op.f('ck_credit_lot_remaining')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_credit_lot_entry_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_credit_lot_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_lot'))
    )
    with op.batch_alter_table('credit_lot', schema=None) as batch_op:
        batch_op.create_index('ix_credit_lot_reseller', ['reseller_id', 'id'], unique=False)

    op.create_table('customer',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('buys_for_reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('external_ref', sa.String(), nullable=True),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('company', sa.String(), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('mailbox', sa.String(), server_default='', nullable=False),
    sa.Column('phone', sa.String(), nullable=False),
    sa.Column('address', sa.JSON(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('region', sa.String(), nullable=False),
    sa.Column('location_evidence', sa.JSON(), nullable=False),
    sa.Column('vat_id', sa.String(), nullable=False),
    sa.Column('vat_id_state', sa.String(), nullable=False),
    sa.Column('vat_id_checked_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tax_exempt_reason', sa.String(), nullable=False),
    sa.Column('tax_exempt_certificate', sa.String(), server_default='', nullable=False),
    sa.Column('tax_exempt_until', sa.Date(), nullable=True),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('price_group', sa.String(), nullable=False),
    sa.Column('consolidate', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('billing_day', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('credit_at_once_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default=sa.text('0'), nullable=False),
    sa.Column('notes', sa.String(), nullable=False),
    sa.Column('reseller_note', sa.String(), server_default='', nullable=False),
    sa.Column('invoicing', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('erased_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('sought_name', sa.String(), server_default='', nullable=False),
    sa.Column('sought_last', sa.String(), server_default='', nullable=False),
    sa.Column('sought_company', sa.String(), server_default='', nullable=False),
    sa.Column('sought_phone', sa.String(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['buys_for_reseller_id'], ['reseller.id'], name=op.f('fk_customer_buys_for_reseller_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_customer_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_customer_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer')),
    sa.UniqueConstraint('buys_for_reseller_id', name=op.f('uq_customer_buys_for_reseller_id')),
    sa.UniqueConstraint('seller_id', 'external_ref', name=op.f('uq_customer_seller_id_external_ref'))
    )
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.create_index('ix_customer_email', ['email'], unique=False)
        batch_op.create_index('ix_customer_external_ref', ['external_ref'], unique=False)
        batch_op.create_index('ix_customer_mailbox', ['mailbox'], unique=False)
        batch_op.create_index('ix_customer_name', ['name'], unique=False)
        batch_op.create_index(batch_op.f('ix_customer_reseller_id'), ['reseller_id'], unique=False)
        batch_op.create_index('ix_customer_sought_company', ['sought_company'], unique=False, postgresql_ops={'sought_company': 'text_pattern_ops'})
        batch_op.create_index('ix_customer_sought_last', ['sought_last'], unique=False, postgresql_ops={'sought_last': 'text_pattern_ops'})
        batch_op.create_index('ix_customer_sought_name', ['sought_name'], unique=False, postgresql_ops={'sought_name': 'text_pattern_ops'})
        batch_op.create_index('ix_customer_sought_phone', ['sought_phone'], unique=False, postgresql_ops={'sought_phone': 'text_pattern_ops'})

    op.create_table('day_gift',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('bouquet_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.Column('given', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['bouquet_id'], ['bouquet.id'], name=op.f('fk_day_gift_bouquet_id')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_day_gift_panel_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_day_gift_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_day_gift'))
    )
    op.create_table('device_model',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('warranty_months', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_device_model_plan_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_device_model_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device_model')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_device_model_seller_id_code'))
    )
    with op.batch_alter_table('device_model', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_device_model_plan_id'), ['plan_id'], unique=False)

    op.create_table('dunning_policy',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('price_group', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('stages', sa.JSON(), nullable=False),
    sa.Column('retry_days', sa.JSON(), nullable=False),
    sa.Column('credits_suspended_days', sa.Boolean(), nullable=False),
    sa.Column('promise_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('promise_most', sa.JSON(), nullable=False),
    sa.Column('promise_every_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('promise_restores', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_dunning_policy_plan_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_dunning_policy_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dunning_policy')),
    sa.UniqueConstraint('seller_id', 'plan_id', 'price_group', name=op.f('uq_dunning_policy_seller_id_plan_id_price_group'))
    )
    op.create_table('gateway_payout',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fee_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('by_hand', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('paid_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('returned_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('returned_because', sa.String(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_gateway_payout_account_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_gateway_payout_entry_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_gateway_payout')),
    sa.UniqueConstraint('account_id', 'provider_ref', name=op.f('uq_gateway_payout_account_id_provider_ref'))
    )
    op.create_table('import_refusal',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('import_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('column', sa.String(), nullable=False),
    sa.Column('value', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('hint', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['import_id'], ['subscriber_import.id'], name=op.f('fk_import_refusal_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_refusal'))
    )
    with op.batch_alter_table('import_refusal', schema=None) as batch_op:
        batch_op.create_index('ix_import_refusal_import', ['import_id', 'line'], unique=False)

    op.create_table('ledger_sealed',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('seal_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_ledger_sealed_entry_id')),
    sa.ForeignKeyConstraint(['seal_id'], ['ledger_seal.id'], name=op.f('fk_ledger_sealed_seal_id')),
    sa.PrimaryKeyConstraint('entry_id', name=op.f('pk_ledger_sealed')),
    sa.UniqueConstraint('seal_id', 'position', name=op.f('uq_ledger_sealed_seal_id_position'))
    )
    op.create_table('panel_bouquet',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bouquet_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('remote', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['bouquet_id'], ['bouquet.id'], name=op.f('fk_panel_bouquet_bouquet_id')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_bouquet_panel_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_bouquet')),
    sa.UniqueConstraint('panel_id', 'bouquet_id', name=op.f('uq_panel_bouquet_panel_id_bouquet_id'))
    )
    op.create_table('panel_move',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('from_panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('to_panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('grace_hours', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('placed_all', sa.Boolean(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['from_panel_id'], ['panel.id'], name=op.f('fk_panel_move_from_panel_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_panel_move_plan_id')),
    sa.ForeignKeyConstraint(['to_panel_id'], ['panel.id'], name=op.f('fk_panel_move_to_panel_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_move'))
    )
    with op.batch_alter_table('panel_move', schema=None) as batch_op:
        batch_op.create_index('ix_panel_move_state', ['state'], unique=False)

    op.create_table('panel_owner',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('remote', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_owner_panel_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_panel_owner_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_owner')),
    sa.UniqueConstraint('panel_id', 'reseller_id', name=op.f('uq_panel_owner_panel_id_reseller_id'))
    )
    with op.batch_alter_table('panel_owner', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_panel_owner_reseller_id'), ['reseller_id'], unique=False)

    op.create_table('panel_pace',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('ends_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_pace_panel_id')),
    sa.PrimaryKeyConstraint('panel_id', name=op.f('pk_panel_pace'))
    )
    op.create_table('panel_package',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('package', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('package_term', sa.String(), nullable=False),
    sa.Column('cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_package_panel_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_panel_package_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_package')),
    sa.UniqueConstraint('panel_id', 'plan_id', 'term', name=op.f('uq_panel_package_panel_id_plan_id_term'))
    )
    op.create_table('panel_status',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.Column('words', sa.String(), nullable=False),
    sa.Column('changed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_status_panel_id')),
    sa.PrimaryKeyConstraint('panel_id', name=op.f('pk_panel_status'))
    )
    op.create_table('plan_bouquet',
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bouquet_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['bouquet_id'], ['bouquet.id'], name=op.f('fk_plan_bouquet_bouquet_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_plan_bouquet_plan_id')),
    sa.PrimaryKeyConstraint('plan_id', 'bouquet_id', name=op.f('pk_plan_bouquet'))
    )
    op.create_table('plan_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('from_plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('to_plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('allowed', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['from_plan_id'], ['plan.id'], name=op.f('fk_plan_change_from_plan_id')),
    sa.ForeignKeyConstraint(['to_plan_id'], ['plan.id'], name=op.f('fk_plan_change_to_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_change')),
    sa.UniqueConstraint('from_plan_id', 'to_plan_id', 'term', name=op.f('uq_plan_change_from_plan_id_to_plan_id_term'))
    )
    op.create_table('price_book',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('country', sa.String(), nullable=False),
    sa.Column('price_group', sa.String(), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tax_inclusive', sa.Boolean(), nullable=False),
    sa.Column('resellers_own', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_price_book_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_price_book_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price_book')),
    sa.UniqueConstraint('seller_id', 'code', name=op.f('uq_price_book_seller_id_code'))
    )
    op.create_table('reseller_closure',
    sa.Column('ancestor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('descendant_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('depth', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['ancestor_id'], ['reseller.id'], name=op.f('fk_reseller_closure_ancestor_id')),
    sa.ForeignKeyConstraint(['descendant_id'], ['reseller.id'], name=op.f('fk_reseller_closure_descendant_id')),
    sa.PrimaryKeyConstraint('ancestor_id', 'descendant_id', name=op.f('pk_reseller_closure'))
    )
    with op.batch_alter_table('reseller_closure', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reseller_closure_descendant_id'), ['descendant_id'], unique=False)

    op.create_table('reseller_key',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('hint', sa.String(), nullable=False),
    sa.Column('key_hash', sa.String(), nullable=False),
    sa.Column('created_by', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_reseller_key_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reseller_key')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_reseller_key_key_hash'))
    )
    with op.batch_alter_table('reseller_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reseller_key_reseller_id'), ['reseller_id'], unique=False)

    op.create_table('reseller_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('words', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_reseller_message_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reseller_message'))
    )
    with op.batch_alter_table('reseller_message', schema=None) as batch_op:
        batch_op.create_index('ix_reseller_message_reseller', ['reseller_id', 'id'], unique=False)

    op.create_table('shop',
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('gateways', sa.JSON(), nullable=False),
    sa.Column('left_out', sa.JSON(), nullable=False),
    sa.Column('looks', sa.JSON(), nullable=False),
    sa.Column('opened_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_shop_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_shop_seller_id')),
    sa.PrimaryKeyConstraint('seller_id', name=op.f('pk_shop')),
    sa.UniqueConstraint('reseller_id', name=op.f('uq_shop_reseller_id'))
    )
    op.create_table('support_department',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mail', sa.String(), nullable=False),
    sa.Column('staff_ids', sa.JSON(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('retired', sa.Boolean(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('secrets', sa.String(), nullable=False),
    sa.Column('mail_cursor', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_support_department_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_support_department_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_support_department')),
    sa.UniqueConstraint('seller_id', 'name', name=op.f('uq_support_department_seller_id_name'))
    )
    op.create_table('usage_reject',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('batch_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('told', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('message', sa.String(), nullable=False),
    sa.Column('raw', sa.JSON(), nullable=False),
    sa.Column('rejected_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['batch_id'], ['usage_batch.id'], name=op.f('fk_usage_reject_batch_id')),
    sa.ForeignKeyConstraint(['source_id'], ['usage_source.id'], name=op.f('fk_usage_reject_source_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_reject')),
    sa.UniqueConstraint('source_id', 'told', 'reason', name=op.f('uq_usage_reject_source_id_told_reason'))
    )
    with op.batch_alter_table('usage_reject', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_usage_reject_batch_id'), ['batch_id'], unique=False)

    op.create_table('user_bulk',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('scope_reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('total', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('done', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refused', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_user_bulk_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_bulk'))
    )
    with op.batch_alter_table('user_bulk', schema=None) as batch_op:
        batch_op.create_index('ix_user_bulk_reseller', ['reseller_id', 'id'], unique=False)

    op.create_table('viewing_cursor',
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('read_to', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('looked_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('contents_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_viewing_cursor_panel_id')),
    sa.PrimaryKeyConstraint('panel_id', name=op.f('pk_viewing_cursor'))
    )
    op.create_table('canned_reply',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('department_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('language', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['support_department.id'], name=op.f('fk_canned_reply_department_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_canned_reply_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_canned_reply')),
    sa.UniqueConstraint('seller_id', 'name', 'language', name=op.f('uq_canned_reply_seller_id_name_language'))
    )
    op.create_table('consent',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('what', sa.String(), nullable=False),
    sa.Column('version', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('withdrawn_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_consent_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent'))
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index('ix_consent_customer', ['customer_id', 'what', 'id'], unique=False)

    op.create_table('customer_note',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('text', sa.String(), nullable=False),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('pinned', sa.Boolean(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_note_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_note'))
    )
    with op.batch_alter_table('customer_note', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_customer_note_customer_id'), ['customer_id'], unique=False)

    op.create_table('customer_wallet',
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('alert_below_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('alerted_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('top_up_below_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('top_up_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fill_up', sa.Boolean(), nullable=False),
    sa.Column('top_up_every', sa.String(), nullable=False),
    sa.Column('top_up_from', sa.Date(), nullable=True),
    sa.Column('top_up_next_on', sa.Date(), nullable=True),
    sa.Column('most_a_day', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('most_a_month', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stopped_because', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_wallet_customer_id')),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_customer_wallet'))
    )
    op.create_table('data_export',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_data_export_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_data_export'))
    )
    with op.batch_alter_table('data_export', schema=None) as batch_op:
        batch_op.create_index('ix_data_export_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index('ix_data_export_ends', ['ends_at'], unique=False)

    op.create_table('erasure_request',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('ends_lines', sa.Boolean(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.Column('figures', sa.JSON(), nullable=False),
    sa.Column('asked_by', sa.String(), nullable=False),
    sa.Column('asked_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('due_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('finished_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_erasure_request_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_erasure_request'))
    )
    with op.batch_alter_table('erasure_request', schema=None) as batch_op:
        batch_op.create_index('ix_erasure_request_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index('ix_erasure_request_state', ['state', 'due_at'], unique=False)
        batch_op.create_index('uq_erasure_request_open', ['customer_id'], unique=True, sqlite_where=sa.text("state IN ('waiting', 'blocked', 'ending')"), postgresql_where=sa.text("state IN ('waiting', 'blocked', 'ending')"))

    op.create_table('ledger_posting',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('leg', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('side', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.CheckConstraint("side IN ('D', 'C')", name=op.f('ck_ledger_posting_side')),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_ledger_posting_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['ledger_account.id'], name=op.f('fk_ledger_posting_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_ledger_posting_customer_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_ledger_posting_entry_id'), initially='DEFERRED', deferrable=True),
    sa.PrimaryKeyConstraint('entry_id', 'leg', name=op.f('pk_ledger_posting')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('ledger_posting', schema=None) as batch_op:
        batch_op.create_index('ix_ledger_posting_account', ['account_id', 'customer_id'], unique=False)
        batch_op.create_index('ix_ledger_posting_customer', ['customer_id'], unique=False)

    op.create_table('notice_address',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('confirmed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('code_digest', sa.String(), nullable=False),
    sa.Column('code_ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('wrong_codes', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_notice_address_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice_address')),
    sa.UniqueConstraint('customer_id', 'channel', name=op.f('uq_notice_address_customer_id_channel'))
    )
    with op.batch_alter_table('notice_address', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_notice_address_code_digest'), ['code_digest'], unique=False)

    op.create_table('notice_choice',
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('channels', sa.JSON(), nullable=False),
    sa.Column('often', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('quiet_from', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('quiet_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('changed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_notice_choice_customer_id')),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_notice_choice'))
    )
    op.create_table('payment_method',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('detaching_token', sa.String(), server_default='', nullable=False),
    sa.Column('label', sa.String(), nullable=False),
    sa.Column('expires', sa.String(), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('usable', sa.Boolean(), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fingerprint', sa.String(), nullable=False),
    sa.Column('country', sa.String(), server_default='', nullable=False),
    sa.Column('name_mark', sa.String(), server_default='', nullable=False),
    sa.Column('owner_mark', sa.String(), server_default='', nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_payment_method_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_payment_method_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_method'))
    )
    with op.batch_alter_table('payment_method', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_method_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_payment_method_fingerprint'), ['fingerprint'], unique=False)
        batch_op.create_index(batch_op.f('ix_payment_method_name_mark'), ['name_mark'], unique=False)
        batch_op.create_index(batch_op.f('ix_payment_method_owner_mark'), ['owner_mark'], unique=False)

    op.create_table('price',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('book_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('setup_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('trial_term', sa.String(), nullable=False),
    sa.Column('trial_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credit_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('trial_credit_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('valid_from', sa.Date(), nullable=True),
    sa.Column('valid_until', sa.Date(), nullable=True),
    sa.Column('existing_from', sa.Date(), nullable=True),
    sa.Column('withdrawn_on', sa.Date(), nullable=True),
    sa.Column('reprice_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['book_id'], ['price_book.id'], name=op.f('fk_price_book_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_price_plan_id')),
    sa.ForeignKeyConstraint(['reprice_id'], ['reprice.id'], name=op.f('fk_price_reprice_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_price')),
    sa.UniqueConstraint('book_id', 'plan_id', 'term', 'version', name=op.f('uq_price_book_id_plan_id_term_version'))
    )
    with op.batch_alter_table('price', schema=None) as batch_op:
        batch_op.create_index('ix_price_plan', ['plan_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_price_reprice_id'), ['reprice_id'], unique=False)

    op.create_table('referral_code',
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_referral_code_customer_id')),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_referral_code')),
    sa.UniqueConstraint('code', name=op.f('uq_referral_code_code'))
    )
    op.create_table('reseller_message_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_reseller_message_item_customer_id')),
    sa.ForeignKeyConstraint(['message_id'], ['reseller_message.id'], name=op.f('fk_reseller_message_item_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reseller_message_item')),
    sa.UniqueConstraint('message_id', 'customer_id', name=op.f('uq_reseller_message_item_message_id_customer_id'))
    )
    with op.batch_alter_table('reseller_message_item', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_reseller_message_item_customer_id'), ['customer_id'], unique=False)

    op.create_table('shop_host',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('host', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['seller_id'], ['shop.seller_id'], name=op.f('fk_shop_host_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shop_host')),
    sa.UniqueConstraint('host', name=op.f('uq_shop_host_host'))
    )
    with op.batch_alter_table('shop_host', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shop_host_seller_id'), ['seller_id'], unique=False)

    op.create_table('tax_id_check',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('vat_id', sa.String(), nullable=False),
    sa.Column('checker', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.Column('reference', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_tax_id_check_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tax_id_check'))
    )
    with op.batch_alter_table('tax_id_check', schema=None) as batch_op:
        batch_op.create_index('ix_tax_id_check_customer', ['customer_id', 'id'], unique=False)

    op.create_table('user_login',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('email', sa.String(), nullable=False),
    sa.Column('password_hash', sa.String(), nullable=False),
    sa.Column('role', sa.String(), nullable=False),
    sa.Column('permissions', sa.JSON(), nullable=False),
    sa.Column('staff_role_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('family', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('often', sa.JSON(), server_default='{}', nullable=False),
    sa.Column('disabled', sa.Boolean(), nullable=False),
    sa.Column('disabled_because', sa.String(), server_default='', nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_user_login_customer_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_user_login_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_user_login_seller_id')),
    sa.ForeignKeyConstraint(['staff_role_id'], ['staff_role.id'], name=op.f('fk_user_login_staff_role_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_login')),
    sa.UniqueConstraint('seller_id', 'email', name=op.f('uq_user_login_seller_id_email'))
    )
    with op.batch_alter_table('user_login', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_login_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_login_reseller_id'), ['reseller_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_login_staff_role_id'), ['staff_role_id'], unique=False)

    op.create_table('code_app',
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('secret', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('last_step', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_code_app_user_id')),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_code_app'))
    )
    op.create_table('data_export_part',
    sa.Column('export_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['export_id'], ['data_export.id'], name=op.f('fk_data_export_part_export_id')),
    sa.PrimaryKeyConstraint('export_id', 'position', name=op.f('pk_data_export_part'))
    )
    op.create_table('half_sign_in',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('used_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_half_sign_in_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_half_sign_in')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_half_sign_in_token_hash'))
    )
    with op.batch_alter_table('half_sign_in', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_half_sign_in_user_id'), ['user_id'], unique=False)

    op.create_table('impersonation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('session_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('staff_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('started_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ended_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_impersonation_customer_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_impersonation_reseller_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['user_login.id'], name=op.f('fk_impersonation_staff_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_impersonation'))
    )
    with op.batch_alter_table('impersonation', schema=None) as batch_op:
        batch_op.create_index('ix_impersonation_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_impersonation_session_id'), ['session_id'], unique=False)

    op.create_table('known_device',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('since', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_known_device_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_known_device')),
    sa.UniqueConstraint('user_id', 'token_hash', name=op.f('uq_known_device_user_id_token_hash'))
    )
    op.create_table('linked_identity',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('issuer', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('linked_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_linked_identity_seller_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_linked_identity_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_linked_identity')),
    sa.UniqueConstraint('seller_id', 'issuer', 'subject', name=op.f('uq_linked_identity_seller_id_issuer_subject'))
    )
    with op.batch_alter_table('linked_identity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_linked_identity_user_id'), ['user_id'], unique=False)

    op.create_table('method_saving',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('url', sa.String(), nullable=False),
    sa.Column('method_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_method_saving_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_method_saving_customer_id')),
    sa.ForeignKeyConstraint(['method_id'], ['payment_method.id'], name=op.f('fk_method_saving_method_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_method_saving')),
    sa.UniqueConstraint('key', name=op.f('uq_method_saving_key'))
    )
    with op.batch_alter_table('method_saving', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_method_saving_customer_id'), ['customer_id'], unique=False)

    op.create_table('notice',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('channel', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('recipient', sa.String(), nullable=False),
    sa.Column('data', sa.JSON(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('held_until', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), server_default='', nullable=False),
    sa.Column('text', sa.String(), server_default='', nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('sent_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_notice_customer_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_notice_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notice')),
    sa.UniqueConstraint('key', name=op.f('uq_notice_key'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index('ix_notice_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index('ix_notice_state', ['state'], unique=False)

    op.create_table('one_time_token',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('purpose', sa.String(), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('email', sa.String(), server_default='', nullable=False),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_one_time_token_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_token')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_one_time_token_token_hash'))
    )
    with op.batch_alter_table('one_time_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_one_time_token_user_id'), ['user_id'], unique=False)

    op.create_table('passkey',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credential_id', sa.String(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('sign_count', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('transports', sa.JSON(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_passkey_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_passkey')),
    sa.UniqueConstraint('credential_id', name=op.f('uq_passkey_credential_id'))
    )
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_passkey_user_id'), ['user_id'], unique=False)

    op.create_table('recovery_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_hash', sa.String(), nullable=False),
    sa.Column('used_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_recovery_code_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recovery_code')),
    sa.UniqueConstraint('user_id', 'code_hash', name=op.f('uq_recovery_code_user_id_code_hash'))
    )
    op.create_table('staff_key',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('hint', sa.String(), nullable=False),
    sa.Column('key_hash', sa.String(), nullable=False),
    sa.Column('permissions', sa.JSON(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_used_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('revoked_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_staff_key_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_staff_key')),
    sa.UniqueConstraint('key_hash', name=op.f('uq_staff_key_key_hash'))
    )
    with op.batch_alter_table('staff_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_staff_key_user_id'), ['user_id'], unique=False)

    op.create_table('subscription',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('external_ref', sa.String(), nullable=True),
    sa.Column('settlement', sa.String(), nullable=False),
    sa.Column('payer_reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('collection', sa.String(), nullable=False),
    sa.Column('timing', sa.String(), nullable=False),
    sa.Column('payment_method_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('suspended_for', sa.String(), nullable=False),
    sa.Column('phase', sa.String(), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('anchor', sa.Date(), nullable=False),
    sa.Column('started_on', sa.Date(), nullable=False),
    sa.Column('phase_ends_on', sa.Date(), nullable=True),
    sa.Column('billed_through', sa.Date(), nullable=True),
    sa.Column('paid_through', sa.Date(), nullable=True),
    sa.Column('next_bill_on', sa.Date(), nullable=True),
    sa.Column('billing_ends_on', sa.Date(), nullable=True),
    sa.Column('service_ends_on', sa.Date(), nullable=True),
    sa.Column('ended_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('zone', sa.String(), nullable=False),
    sa.Column('version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_subscription_customer_id')),
    sa.ForeignKeyConstraint(['payer_reseller_id'], ['reseller.id'], name=op.f('fk_subscription_payer_reseller_id')),
    sa.ForeignKeyConstraint(['payment_method_id'], ['payment_method.id'], name=op.f('fk_subscription_payment_method_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_subscription_plan_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_subscription_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription')),
    sa.UniqueConstraint('external_ref', name=op.f('uq_subscription_external_ref'))
    )
    with op.batch_alter_table('subscription', schema=None) as batch_op:
        batch_op.create_index('ix_subscription_created', ['seller_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_subscription_due', ['next_bill_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_payer_reseller_id'), ['payer_reseller_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_payment_method_id'), ['payment_method_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_subscription_plan_id'), ['plan_id'], unique=False)
        batch_op.create_index('ix_subscription_seller_state', ['seller_id', 'state'], unique=False)

    op.create_table('usage_price',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('price_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('metric_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('terms', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['metric_id'], ['usage_metric.id'], name=op.f('fk_usage_price_metric_id')),
    sa.ForeignKeyConstraint(['price_id'], ['price.id'], name=op.f('fk_usage_price_price_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_price')),
    sa.UniqueConstraint('price_id', 'metric_id', name=op.f('uq_usage_price_price_id_metric_id'))
    )
    op.create_table('user_session',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token_hash', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('last_seen_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ip', sa.String(), nullable=False),
    sa.Column('user_agent', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_user_session_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_user_session_token_hash'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)

    op.create_table('billing_failed_item',
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plugin', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['run_id'], ['billing_run.id'], name=op.f('fk_billing_failed_item_run_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_billing_failed_item_subscription_id')),
    sa.PrimaryKeyConstraint('subscription_id', name=op.f('pk_billing_failed_item'))
    )
    op.create_table('billing_mended_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plugin', sa.String(), nullable=False),
    sa.Column('error', sa.String(), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('since', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('mended_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_billing_mended_item_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_billing_mended_item'))
    )
    with op.batch_alter_table('billing_mended_item', schema=None) as batch_op:
        batch_op.create_index('ix_billing_mended_item_mended', ['mended_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_billing_mended_item_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('bulk_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bulk_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.Column('before', sa.JSON(), server_default='{}', nullable=False),
    sa.ForeignKeyConstraint(['bulk_id'], ['bulk_action.id'], name=op.f('fk_bulk_item_bulk_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_bulk_item_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bulk_item')),
    sa.UniqueConstraint('bulk_id', 'subscription_id', name=op.f('uq_bulk_item_bulk_id_subscription_id'))
    )
    with op.batch_alter_table('bulk_item', schema=None) as batch_op:
        batch_op.create_index('ix_bulk_item_state', ['bulk_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bulk_item_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('coupon_redemption',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('coupon_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('cycles_left', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('balance_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('since', sa.Date(), nullable=True),
    sa.Column('through', sa.Date(), nullable=True),
    sa.Column('given_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['coupon_id'], ['coupon.id'], name=op.f('fk_coupon_redemption_coupon_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_coupon_redemption_customer_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_coupon_redemption_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_coupon_redemption')),
    sa.UniqueConstraint('subscription_id', 'coupon_id', name=op.f('uq_coupon_redemption_subscription_id_coupon_id'))
    )
    with op.batch_alter_table('coupon_redemption', schema=None) as batch_op:
        batch_op.create_index('ix_coupon_redemption_customer', ['coupon_id', 'customer_id'], unique=False)

    op.create_table('credit_renewal',
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('failures', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('retry_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_credit_renewal_reseller_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_credit_renewal_subscription_id')),
    sa.PrimaryKeyConstraint('subscription_id', name=op.f('pk_credit_renewal'))
    )
    with op.batch_alter_table('credit_renewal', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_renewal_reseller_id'), ['reseller_id'], unique=False)

    op.create_table('document',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('fiscal_year', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number_text', sa.String(), nullable=False),
    sa.Column('issued_on', sa.Date(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('net_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tax_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('total_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('settled_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('buyer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('issuer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('corrects_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('proforma_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('closing_entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('notes', sa.JSON(), server_default='[]', nullable=False),
    sa.Column('base_currency', sa.String(), server_default='', nullable=False),
    sa.Column('fx_rate', sa.String(), nullable=True),
    sa.Column('base_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tax_inclusive', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('finalise_on', sa.Date(), nullable=True),
    sa.Column('held_because', sa.String(), server_default='', nullable=False),
    sa.Column('merged_into_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('settled_minor >= 0', name=op.f('ck_document_settled')),
    sa.CheckConstraint('total_minor = net_minor + tax_minor', name=op.f('ck_document_total')),
    sa.ForeignKeyConstraint(['buyer_id'], ['party.id'], name=op.f('fk_document_buyer_id')),
    sa.ForeignKeyConstraint(['closing_entry_id'], ['ledger_entry.id'], name=op.f('fk_document_closing_entry_id')),
    sa.ForeignKeyConstraint(['corrects_id'], ['document.id'], name=op.f('fk_document_corrects_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_document_customer_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_document_entry_id')),
    sa.ForeignKeyConstraint(['issuer_id'], ['party.id'], name=op.f('fk_document_issuer_id')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['document.id'], name=op.f('fk_document_merged_into_id')),
    sa.ForeignKeyConstraint(['proforma_id'], ['document.id'], name=op.f('fk_document_proforma_id')),
    sa.ForeignKeyConstraint(['run_id'], ['billing_run.id'], name=op.f('fk_document_run_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_document_seller_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_document_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document')),
    sa.UniqueConstraint('seller_id', 'kind', 'fiscal_year', 'number', name=op.f('uq_document_seller_id_kind_fiscal_year_number'))
    )
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.create_index('ix_document_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index('ix_document_issued', ['issued_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_document_merged_into_id'), ['merged_into_id'], unique=False)
        batch_op.create_index('ix_document_number_text', ['number_text'], unique=False)
        batch_op.create_index('ix_document_open', ['state', 'due_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_document_subscription_id'), ['subscription_id'], unique=False)
        batch_op.create_index('uq_document_number_text', ['seller_id', 'number_text'], unique=True, sqlite_where=sa.text("number_text <> ''"), postgresql_where=sa.text("number_text <> ''"))

    op.create_table('former_calendar',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('anchor', sa.Date(), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('longer_from', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_former_calendar_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_former_calendar'))
    )
    with op.batch_alter_table('former_calendar', schema=None) as batch_op:
        batch_op.create_index('ix_former_calendar_subscription', ['subscription_id'], unique=False)

    op.create_table('free_time',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.Column('gift_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('ends_on IS NULL OR ends_on >= starts_on', name=op.f('ck_free_time_period')),
    sa.ForeignKeyConstraint(['gift_id'], ['day_gift.id'], name=op.f('fk_free_time_gift_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_free_time_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_free_time')),
    sa.UniqueConstraint('gift_id', 'subscription_id', name=op.f('uq_free_time_gift_id_subscription_id'))
    )
    with op.batch_alter_table('free_time', schema=None) as batch_op:
        batch_op.create_index('ix_free_time_subscription', ['subscription_id'], unique=False)

    op.create_table('payment_promise',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('asked_on', sa.Date(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('owed_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('restored', sa.Boolean(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_payment_promise_customer_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_payment_promise_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_promise'))
    )
    with op.batch_alter_table('payment_promise', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_payment_promise_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_payment_promise_open', ['state', 'day'], unique=False)
        batch_op.create_index('ix_payment_promise_subscription', ['subscription_id', 'id'], unique=False)

    op.create_table('service',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paired_with_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('moved_from_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('handle', sa.String(), nullable=False),
    sa.Column('handle_data', sa.JSON(), nullable=False),
    sa.Column('login', sa.String(), nullable=False),
    sa.Column('password', sa.String(), nullable=False),
    sa.Column('previous_password', sa.String(), server_default='', nullable=False),
    sa.Column('mac', sa.String(), nullable=True),
    sa.Column('lifecycle', sa.String(), nullable=False),
    sa.Column('desired_plan', sa.String(), nullable=False),
    sa.Column('desired_bouquets', sa.JSON(), nullable=False),
    sa.Column('desired_connections', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('limit_connections', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('limit_bouquets', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('capped_connections', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('desired_from', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('desired_expires_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('in_review', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('desired_blocked', sa.Boolean(), nullable=False),
    sa.Column('trial', sa.Boolean(), nullable=False),
    sa.Column('desired_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('converged_version', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('sync', sa.String(), nullable=False),
    sa.Column('sync_error', sa.String(), nullable=False),
    sa.Column('observed', sa.JSON(), nullable=False),
    sa.Column('observed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_by_us', sa.Boolean(), nullable=False),
    sa.Column('stopped_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('told_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['moved_from_id'], ['service.id'], name=op.f('fk_service_moved_from_id')),
    sa.ForeignKeyConstraint(['paired_with_id'], ['service.id'], name=op.f('fk_service_paired_with_id')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_service_panel_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_service_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_service')),
    sa.UniqueConstraint('panel_id', 'handle', name=op.f('uq_service_panel_id_handle'))
    )
    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.create_index('ix_service_handle', ['handle'], unique=False)
        batch_op.create_index(batch_op.f('ix_service_login'), ['login'], unique=False)
        batch_op.create_index(batch_op.f('ix_service_mac'), ['mac'], unique=False)
        batch_op.create_index('ix_service_panel_sync', ['panel_id', 'lifecycle'], unique=False)
        batch_op.create_index(batch_op.f('ix_service_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('subscription_component',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('price_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('ends_on', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_subscription_component_plan_id')),
    sa.ForeignKeyConstraint(['price_id'], ['price.id'], name=op.f('fk_subscription_component_price_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_subscription_component_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_component'))
    )
    with op.batch_alter_table('subscription_component', schema=None) as batch_op:
        batch_op.create_index('ix_subscription_component_subscription', ['subscription_id'], unique=False)

    op.create_table('subscription_event',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_subscription_event_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_event'))
    )
    with op.batch_alter_table('subscription_event', schema=None) as batch_op:
        batch_op.create_index('ix_subscription_event_subscription', ['subscription_id', 'effective_on'], unique=False)

    op.create_table('usage_alert',
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('metric_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('period_start', sa.Date(), nullable=False),
    sa.Column('percent', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['metric_id'], ['usage_metric.id'], name=op.f('fk_usage_alert_metric_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_usage_alert_subscription_id')),
    sa.PrimaryKeyConstraint('subscription_id', 'metric_id', 'period_start', 'percent', name=op.f('pk_usage_alert'))
    )
    op.create_table('usage_correction',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('metric_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('source_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.String(), nullable=False),
    sa.Column('quantity_before', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['metric_id'], ['usage_metric.id'], name=op.f('fk_usage_correction_metric_id')),
    sa.ForeignKeyConstraint(['source_id'], ['usage_source.id'], name=op.f('fk_usage_correction_source_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_usage_correction_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_correction'))
    )
    with op.batch_alter_table('usage_correction', schema=None) as batch_op:
        batch_op.create_index('ix_usage_correction_subscription', ['subscription_id', 'id'], unique=False)

    op.create_table('usage_meter',
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('through', sa.Date(), nullable=False),
    sa.Column('billed_to', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('late_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('stamp', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('watched', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_usage_meter_subscription_id')),
    sa.PrimaryKeyConstraint('subscription_id', name=op.f('pk_usage_meter'))
    )
    with op.batch_alter_table('usage_meter', schema=None) as batch_op:
        batch_op.create_index('ix_usage_meter_due', ['due_on', 'subscription_id'], unique=False)

    op.create_table('user_bulk_item',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bulk_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('paid_through', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['bulk_id'], ['user_bulk.id'], name=op.f('fk_user_bulk_item_bulk_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_user_bulk_item_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_bulk_item')),
    sa.UniqueConstraint('bulk_id', 'subscription_id', name=op.f('uq_user_bulk_item_bulk_id_subscription_id'))
    )
    op.create_table('access_code',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('digest', sa.String(), nullable=False),
    sa.Column('sealed', sa.String(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_access_code_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_code')),
    sa.UniqueConstraint('digest', name=op.f('uq_access_code_digest'))
    )
    with op.batch_alter_table('access_code', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_access_code_service_id'), ['service_id'], unique=False)

    op.create_table('adoption_line',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('adoption_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('remote_id', sa.String(), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('login', sa.String(), nullable=False),
    sa.Column('mac', sa.String(), nullable=False),
    sa.Column('name', sa.String(), nullable=False),
    sa.Column('ends_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('bouquets', sa.String(), nullable=False),
    sa.Column('connections', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('owner', sa.String(), nullable=False),
    sa.Column('plan', sa.String(), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('score', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('reseller', sa.String(), nullable=False),
    sa.Column('verdict', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('writes', sa.String(), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['adoption_id'], ['adoption.id'], name=op.f('fk_adoption_line_adoption_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_adoption_line_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_adoption_line'))
    )
    with op.batch_alter_table('adoption_line', schema=None) as batch_op:
        batch_op.create_index('ix_adoption_line_adoption', ['adoption_id', 'verdict'], unique=False)

    op.create_table('auto_top_up',
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_auto_top_up_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_auto_top_up_document_id')),
    sa.PrimaryKeyConstraint('document_id', name=op.f('pk_auto_top_up'))
    )
    with op.batch_alter_table('auto_top_up', schema=None) as batch_op:
        batch_op.create_index('ix_auto_top_up_customer', ['customer_id', 'created_at'], unique=False)

    op.create_table('coupon_use',
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('redemption_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('discount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cycles', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_coupon_use_document_id')),
    sa.ForeignKeyConstraint(['redemption_id'], ['coupon_redemption.id'], name=op.f('fk_coupon_use_redemption_id')),
    sa.PrimaryKeyConstraint('document_id', 'redemption_id', name=op.f('pk_coupon_use'))
    )
    with op.batch_alter_table('coupon_use', schema=None) as batch_op:
        batch_op.create_index('ix_coupon_use_redemption', ['redemption_id'], unique=False)

    op.create_table('credit_hold',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('details', sa.JSON(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_credit_hold_entry_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_credit_hold_reseller_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_credit_hold_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_hold'))
    )
    with op.batch_alter_table('credit_hold', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_credit_hold_reseller_id'), ['reseller_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_credit_hold_service_id'), ['service_id'], unique=False)

    op.create_table('credit_movement',
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('other_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('request_id', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_credit_movement_document_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_credit_movement_entry_id')),
    sa.ForeignKeyConstraint(['other_id'], ['reseller.id'], name=op.f('fk_credit_movement_other_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_credit_movement_reseller_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_credit_movement_subscription_id')),
    sa.PrimaryKeyConstraint('entry_id', name=op.f('pk_credit_movement'))
    )
    op.create_table('device',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('model_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('serial', sa.String(), nullable=False),
    sa.Column('mac', sa.String(), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('supplier', sa.String(), nullable=False),
    sa.Column('received_on', sa.Date(), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('replaces_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('handed_out_on', sa.Date(), nullable=True),
    sa.Column('warranty_until', sa.Date(), nullable=True),
    sa.ForeignKeyConstraint(['model_id'], ['device_model.id'], name=op.f('fk_device_model_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_device_plan_id')),
    sa.ForeignKeyConstraint(['replaces_id'], ['device.id'], name=op.f('fk_device_replaces_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_device_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_device_seller_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_device_service_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_device_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_device')),
    sa.UniqueConstraint('mac', name=op.f('uq_device_mac')),
    sa.UniqueConstraint('seller_id', 'serial', name=op.f('uq_device_seller_id_serial'))
    )
    with op.batch_alter_table('device', schema=None) as batch_op:
        batch_op.create_index('ix_device_free', ['model_id', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_device_reseller_id'), ['reseller_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_device_service_id'), ['service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_device_subscription_id'), ['subscription_id'], unique=False)

    op.create_table('document_line',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('component_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('price_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('description', sa.String(), nullable=False),
    sa.Column('term', sa.String(), nullable=False),
    sa.Column('period_start', sa.Date(), nullable=True),
    sa.Column('period_end', sa.Date(), nullable=True),
    sa.Column('revision', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('quantity', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('discount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('discount_code', sa.String(), server_default='', nullable=False),
    sa.Column('net_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tax_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('tax_code', sa.String(), nullable=False),
    sa.Column('tax_rate_ppm', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('taxes', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('cycle_start', sa.Date(), nullable=True),
    sa.Column('cycle_end', sa.Date(), nullable=True),
    sa.Column('cycle_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('corrects_line_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('tax_class', sa.String(), server_default='', nullable=False),
    sa.Column('moved_from_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('period_end IS NULL OR period_end > period_start', name=op.f('ck_document_line_period')),
    sa.ForeignKeyConstraint(['component_id'], ['subscription_component.id'], name=op.f('fk_document_line_component_id')),
    sa.ForeignKeyConstraint(['corrects_line_id'], ['document_line.id'], name=op.f('fk_document_line_corrects_line_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_document_line_document_id')),
    sa.ForeignKeyConstraint(['moved_from_id'], ['document.id'], name=op.f('fk_document_line_moved_from_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_document_line_plan_id')),
    sa.ForeignKeyConstraint(['price_id'], ['price.id'], name=op.f('fk_document_line_price_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_document_line_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_line')),
    sa.UniqueConstraint('subscription_id', 'component_id', 'kind', 'period_start', 'revision', name='uq_billed_once')
    )
    with op.batch_alter_table('document_line', schema=None) as batch_op:
        batch_op.create_index('ix_document_line_corrects', ['corrects_line_id'], unique=False, sqlite_where=sa.text('corrects_line_id IS NOT NULL'), postgresql_where=sa.text('corrects_line_id IS NOT NULL'))
        batch_op.create_index('ix_document_line_document', ['document_id'], unique=False)
        batch_op.create_index('ix_document_line_period_end', ['period_end'], unique=False)

    op.create_table('dunning_step',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('action', sa.String(), nullable=False),
    sa.Column('after_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('result', sa.String(), nullable=False),
    sa.Column('lifted_on', sa.Date(), nullable=True),
    sa.Column('fee_document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('fee_waived_on', sa.Date(), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_dunning_step_document_id')),
    sa.ForeignKeyConstraint(['fee_document_id'], ['document.id'], name=op.f('fk_dunning_step_fee_document_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_dunning_step_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dunning_step')),
    sa.UniqueConstraint('document_id', 'subscription_id', 'action', 'after_days', name=op.f('uq_dunning_step_document_id_subscription_id_action_after_days'))
    )
    with op.batch_alter_table('dunning_step', schema=None) as batch_op:
        batch_op.create_index('ix_dunning_step_fee', ['fee_document_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_dunning_step_subscription_id'), ['subscription_id'], unique=False)
        batch_op.create_index('uq_dunning_step_document', ['document_id', 'action', 'after_days'], unique=True, sqlite_where=sa.text('subscription_id IS NULL'), postgresql_where=sa.text('subscription_id IS NULL'))

    op.create_table('entitlement',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('price_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('uses_left', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('valid_from', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('valid_until', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('bought_on', sa.Date(), nullable=False),
    sa.Column('waits_until', sa.Date(), nullable=True),
    sa.Column('pass_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_entitlement_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_entitlement_document_id')),
    sa.ForeignKeyConstraint(['pass_id'], ['entitlement.id'], name=op.f('fk_entitlement_pass_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_entitlement_plan_id')),
    sa.ForeignKeyConstraint(['price_id'], ['price.id'], name=op.f('fk_entitlement_price_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_entitlement_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entitlement'))
    )
    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.create_index('ix_entitlement_document', ['document_id'], unique=False)
        batch_op.create_index('ix_entitlement_plan', ['plan_id', 'id'], unique=False)
        batch_op.create_index('ix_entitlement_subscription', ['subscription_id', 'id'], unique=False)
        batch_op.create_index('ix_entitlement_waiting', ['waits_until'], unique=False)

    op.create_table('fraud_case',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan', sa.String(), nullable=False),
    sa.Column('trial', sa.Boolean(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('score', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('unknown', sa.JSON(), nullable=False),
    sa.Column('facts', sa.JSON(), nullable=False),
    sa.Column('ip', sa.String(), nullable=False),
    sa.Column('address', sa.String(), nullable=False),
    sa.Column('network', sa.String(), nullable=False),
    sa.Column('mailbox', sa.String(), nullable=False),
    sa.Column('card', sa.String(), nullable=False),
    sa.Column('phone', sa.String(), nullable=False),
    sa.Column('mac', sa.String(), nullable=False),
    sa.Column('device', sa.String(), server_default='', nullable=False),
    sa.Column('ordered_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('decided_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.Column('decision', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_fraud_case_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_fraud_case_document_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_fraud_case_seller_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_fraud_case_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_fraud_case')),
    sa.UniqueConstraint('subscription_id', name=op.f('uq_fraud_case_subscription_id'))
    )
    with op.batch_alter_table('fraud_case', schema=None) as batch_op:
        batch_op.create_index('ix_fraud_case_address', ['address', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_card', ['card', 'ordered_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_fraud_case_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_fraud_case_device', ['device', 'ordered_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_fraud_case_document_id'), ['document_id'], unique=False)
        batch_op.create_index('ix_fraud_case_mac', ['mac', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_mailbox', ['mailbox', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_network', ['network', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_ordered', ['seller_id', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_phone', ['phone', 'ordered_at'], unique=False)
        batch_op.create_index('ix_fraud_case_state', ['seller_id', 'state'], unique=False)

    op.create_table('mac_swap',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('old_mac', sa.String(), nullable=True),
    sa.Column('new_mac', sa.String(), nullable=False),
    sa.Column('counted', sa.Boolean(), nullable=False),
    sa.Column('swapped_on', sa.Date(), nullable=False),
    sa.Column('actor', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_mac_swap_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mac_swap'))
    )
    with op.batch_alter_table('mac_swap', schema=None) as batch_op:
        batch_op.create_index('ix_mac_swap_service', ['service_id', 'swapped_on'], unique=False)

    op.create_table('panel_difference',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('ref', sa.String(), nullable=False),
    sa.Column('login', sa.String(), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('fields', sa.String(), nullable=False),
    sa.Column('repair', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_panel_difference_panel_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_panel_difference_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_difference'))
    )
    with op.batch_alter_table('panel_difference', schema=None) as batch_op:
        batch_op.create_index('ix_panel_difference_panel', ['panel_id', 'kind'], unique=False)

    op.create_table('panel_move_line',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('move_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('unit', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('new_service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('code', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('leaves_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['move_id'], ['panel_move.id'], name=op.f('fk_panel_move_line_move_id')),
    sa.ForeignKeyConstraint(['new_service_id'], ['service.id'], name=op.f('fk_panel_move_line_new_service_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_panel_move_line_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_panel_move_line')),
    sa.UniqueConstraint('move_id', 'service_id', name=op.f('uq_panel_move_line_move_id_service_id'))
    )
    with op.batch_alter_table('panel_move_line', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_panel_move_line_new_service_id'), ['new_service_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_panel_move_line_service_id'), ['service_id'], unique=False)
        batch_op.create_index('ix_panel_move_line_state', ['move_id', 'state'], unique=False)

    op.create_table('payment_attempt',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('method_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('off_session', sa.Boolean(), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('action', sa.JSON(), nullable=False),
    sa.Column('decline_class', sa.String(), nullable=False),
    sa.Column('decline_code', sa.String(), nullable=False),
    sa.Column('looks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('next_look_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_payment_attempt_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_payment_attempt_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_payment_attempt_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_payment_attempt_document_id')),
    sa.ForeignKeyConstraint(['method_id'], ['payment_method.id'], name=op.f('fk_payment_attempt_method_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment_attempt')),
    sa.UniqueConstraint('key', name=op.f('uq_payment_attempt_key'))
    )
    with op.batch_alter_table('payment_attempt', schema=None) as batch_op:
        batch_op.create_index('ix_payment_attempt_created', ['created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_payment_attempt_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_payment_attempt_document', ['document_id'], unique=False)
        batch_op.create_index('ix_payment_attempt_method', ['method_id', 'created_at'], unique=False)
        batch_op.create_index('ix_payment_attempt_provider', ['account_id', 'provider_ref'], unique=False)
        batch_op.create_index('ix_payment_attempt_reference', ['provider_ref'], unique=False)
        batch_op.create_index('ix_payment_attempt_state', ['state', 'next_look_at'], unique=False)

    op.create_table('reseller_order',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('times_given', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lot_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('missing_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_reseller_order_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_reseller_order_document_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['credit_lot.id'], name=op.f('fk_reseller_order_lot_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_reseller_order_plan_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reseller_order'))
    )
    with op.batch_alter_table('reseller_order', schema=None) as batch_op:
        batch_op.create_index('ix_reseller_order_customer', ['customer_id', 'id'], unique=False)
        batch_op.create_index('ix_reseller_order_document', ['document_id'], unique=False)

    op.create_table('sharing_case',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('score', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('found_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('seen_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('settled_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_sharing_case_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sharing_case'))
    )
    with op.batch_alter_table('sharing_case', schema=None) as batch_op:
        batch_op.create_index('ix_sharing_case_service', ['service_id', 'state'], unique=False)

    op.create_table('subscription_change',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('wish', sa.JSON(), nullable=False),
    sa.Column('before', sa.JSON(), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_subscription_change_document_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_subscription_change_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_subscription_change'))
    )
    with op.batch_alter_table('subscription_change', schema=None) as batch_op:
        batch_op.create_index('ix_subscription_change_document', ['document_id'], unique=False)
        batch_op.create_index('ix_subscription_change_due', ['state', 'effective_on'], unique=False)
        batch_op.create_index('ix_subscription_change_subscription', ['subscription_id'], unique=False)

    op.create_table('upstream_purchase',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('panel_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entitlement', sa.String(), nullable=False),
    sa.Column('paid_until', sa.Date(), nullable=False),
    sa.Column('package', sa.String(), nullable=False),
    sa.Column('package_name', sa.String(), nullable=False),
    sa.Column('package_term', sa.String(), nullable=False),
    sa.Column('trial', sa.Boolean(), nullable=False),
    sa.Column('max_cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('before', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('balance_before_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('balance_after_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('expires_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('tries', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('history', sa.JSON(), nullable=False),
    sa.Column('looks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('look_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('cost_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sent_on', sa.Date(), nullable=False),
    sa.Column('sent_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_upstream_purchase_entry_id')),
    sa.ForeignKeyConstraint(['panel_id'], ['panel.id'], name=op.f('fk_upstream_purchase_panel_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_upstream_purchase_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upstream_purchase')),
    sa.UniqueConstraint('entitlement', name=op.f('uq_upstream_purchase_entitlement'))
    )
    with op.batch_alter_table('upstream_purchase', schema=None) as batch_op:
        batch_op.create_index('ix_upstream_purchase_open', ['panel_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_upstream_purchase_service_id'), ['service_id'], unique=False)

    op.create_table('usage_billed',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('component_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('metric_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('period_start', sa.Date(), nullable=False),
    sa.Column('period_end', sa.Date(), nullable=False),
    sa.Column('from_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('to_at', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('revision', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('events', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('used', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('allowance', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('cycle_days', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('recorded_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['component_id'], ['subscription_component.id'], name=op.f('fk_usage_billed_component_id')),
    sa.ForeignKeyConstraint(['metric_id'], ['usage_metric.id'], name=op.f('fk_usage_billed_metric_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_usage_billed_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_usage_billed')),
    sa.UniqueConstraint('subscription_id', 'component_id', 'metric_id', 'period_start', 'revision', name=op.f('uq_usage_billed_subscription_id_component_id_metric_id_period_start_revision'))
    )
    op.create_table('access_code_use',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('ip', sa.String(), nullable=False),
    sa.Column('agent', sa.String(), nullable=False),
    sa.Column('outcome', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['code_id'], ['access_code.id'], name=op.f('fk_access_code_use_code_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_access_code_use'))
    )
    with op.batch_alter_table('access_code_use', schema=None) as batch_op:
        batch_op.create_index('ix_access_code_use_at', ['at'], unique=False)
        batch_op.create_index('ix_access_code_use_code', ['code_id', 'at'], unique=False)

    op.create_table('attempt_document',
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('position', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['attempt_id'], ['payment_attempt.id'], name=op.f('fk_attempt_document_attempt_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_attempt_document_document_id')),
    sa.PrimaryKeyConstraint('attempt_id', 'document_id', name=op.f('pk_attempt_document'))
    )
    with op.batch_alter_table('attempt_document', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attempt_document_document_id'), ['document_id'], unique=False)

    op.create_table('credit_use',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('hold_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('costs', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['hold_id'], ['credit_hold.id'], name=op.f('fk_credit_use_hold_id')),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_credit_use_plan_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_credit_use_reseller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_credit_use'))
    )
    with op.batch_alter_table('credit_use', schema=None) as batch_op:
        batch_op.create_index('ix_credit_use_day', ['day'], unique=False)
        batch_op.create_index('ix_credit_use_reseller', ['reseller_id', 'day'], unique=False)

    op.create_table('payment',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('part', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fee_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('refunded_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('settled_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), server_default='0', nullable=False),
    sa.Column('settled_currency', sa.String(), server_default='', nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('received_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_payment_account_id')),
    sa.ForeignKeyConstraint(['attempt_id'], ['payment_attempt.id'], name=op.f('fk_payment_attempt_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_payment_customer_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_payment_entry_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_payment')),
    sa.UniqueConstraint('account_id', 'provider_ref', name=op.f('uq_payment_account_id_provider_ref')),
    sa.UniqueConstraint('attempt_id', 'part', name=op.f('uq_payment_attempt_id_part'))
    )
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.create_index('ix_payment_customer', ['customer_id'], unique=False)
        batch_op.create_index('ix_payment_provider', ['provider_ref'], unique=False)
        batch_op.create_index('ix_payment_received', ['received_at'], unique=False)

    op.create_table('shop_supply',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reseller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('subscription_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('changes', sa.Boolean(), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=False),
    sa.Column('waits_since', sa.Date(), nullable=False),
    sa.Column('credits_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('hold_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('settled_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_shop_supply_document_id')),
    sa.ForeignKeyConstraint(['hold_id'], ['credit_hold.id'], name=op.f('fk_shop_supply_hold_id')),
    sa.ForeignKeyConstraint(['reseller_id'], ['reseller.id'], name=op.f('fk_shop_supply_reseller_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_shop_supply_seller_id')),
    sa.ForeignKeyConstraint(['subscription_id'], ['subscription.id'], name=op.f('fk_shop_supply_subscription_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shop_supply')),
    sa.UniqueConstraint('hold_id', name=op.f('uq_shop_supply_hold_id')),
    sa.UniqueConstraint('subscription_id', 'document_id', name=op.f('uq_shop_supply_subscription_id_document_id'))
    )
    with op.batch_alter_table('shop_supply', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_shop_supply_document_id'), ['document_id'], unique=False)
        batch_op.create_index('ix_shop_supply_seller', ['seller_id', 'id'], unique=False)
        batch_op.create_index('ix_shop_supply_waiting', ['reseller_id', 'state'], unique=False)

    op.create_table('ticket',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('department_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('token', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('priority', sa.String(), nullable=False),
    sa.Column('assignee_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opened_by_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('service_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('line_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('last_message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('merged_into_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opened_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('first_answer_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('closed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['assignee_id'], ['user_login.id'], name=op.f('fk_ticket_assignee_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_ticket_customer_id')),
    sa.ForeignKeyConstraint(['department_id'], ['support_department.id'], name=op.f('fk_ticket_department_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_ticket_document_id')),
    sa.ForeignKeyConstraint(['line_id'], ['document_line.id'], name=op.f('fk_ticket_line_id')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['ticket.id'], name=op.f('fk_ticket_merged_into_id')),
    sa.ForeignKeyConstraint(['opened_by_id'], ['user_login.id'], name=op.f('fk_ticket_opened_by_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_ticket_seller_id')),
    sa.ForeignKeyConstraint(['service_id'], ['service.id'], name=op.f('fk_ticket_service_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket')),
    sa.UniqueConstraint('token', name=op.f('uq_ticket_token'))
    )
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.create_index('ix_ticket_assignee', ['assignee_id', 'state'], unique=False)
        batch_op.create_index('ix_ticket_customer', ['customer_id', 'last_message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_document_id'), ['document_id'], unique=False)
        batch_op.create_index('ix_ticket_last', ['last_message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_merged_into_id'), ['merged_into_id'], unique=False)
        batch_op.create_index('ix_ticket_queue', ['department_id', 'state', 'last_message_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_service_id'), ['service_id'], unique=False)

    op.create_table('bill_dispute',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('disputed_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('granted_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('credit_note_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opened_on', sa.Date(), nullable=False),
    sa.Column('waits_until', sa.Date(), nullable=True),
    sa.Column('decided_on', sa.Date(), nullable=True),
    sa.Column('decided_by', sa.String(), nullable=False),
    sa.ForeignKeyConstraint(['credit_note_id'], ['document.id'], name=op.f('fk_bill_dispute_credit_note_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_bill_dispute_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_bill_dispute_document_id')),
    sa.ForeignKeyConstraint(['line_id'], ['document_line.id'], name=op.f('fk_bill_dispute_line_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_bill_dispute_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bill_dispute')),
    sa.UniqueConstraint('credit_note_id', name=op.f('uq_bill_dispute_credit_note_id'))
    )
    with op.batch_alter_table('bill_dispute', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_bill_dispute_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_bill_dispute_document', ['document_id', 'state'], unique=False)
        batch_op.create_index('ix_bill_dispute_opened', ['opened_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_bill_dispute_ticket_id'), ['ticket_id'], unique=False)
        batch_op.create_index('uq_bill_dispute_open', ['line_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('customer_credit',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('remaining_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('order_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('credit_note_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('remaining_minor >= 0 AND remaining_minor <= amount_minor', name=op.f('ck_customer_credit_remaining')),
    sa.ForeignKeyConstraint(['credit_note_id'], ['document.id'], name=op.f('fk_customer_credit_credit_note_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_customer_credit_customer_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_customer_credit_entry_id')),
    sa.ForeignKeyConstraint(['order_id'], ['document.id'], name=op.f('fk_customer_credit_order_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_customer_credit_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_customer_credit'))
    )
    with op.batch_alter_table('customer_credit', schema=None) as batch_op:
        batch_op.create_index('ix_customer_credit_open', ['customer_id', 'remaining_minor'], unique=False)
        batch_op.create_index('ix_customer_credit_order', ['order_id'], unique=False)
        batch_op.create_index('ix_customer_credit_payment', ['payment_id'], unique=False)

    op.create_table('dispute',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fee_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fee_currency', sa.String(), server_default='', nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('taken', sa.JSON(), nullable=False),
    sa.Column('pulled', sa.JSON(), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('opened_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('closed_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_dispute_amount')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_dispute_entry_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_dispute_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_dispute')),
    sa.UniqueConstraint('payment_id', 'provider_ref', name=op.f('uq_dispute_payment_id_provider_ref'))
    )
    with op.batch_alter_table('dispute', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_dispute_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index('ix_dispute_state', ['state'], unique=False)

    op.create_table('refund',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('taken', sa.JSON(), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('claim_url', sa.String(), nullable=False),
    sa.Column('failure_code', sa.String(), nullable=False),
    sa.Column('sending_since', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('looks', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('next_look_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('credit_note_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('resolved_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_refund_amount')),
    sa.ForeignKeyConstraint(['credit_note_id'], ['document.id'], name=op.f('fk_refund_credit_note_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_refund_entry_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_refund_payment_id')),
    sa.ForeignKeyConstraint(['taken_entry_id'], ['ledger_entry.id'], name=op.f('fk_refund_taken_entry_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_refund')),
    sa.UniqueConstraint('key', name=op.f('uq_refund_key'))
    )
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_refund_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index('ix_refund_state', ['state', 'next_look_at'], unique=False)

    op.create_table('support_mail',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('department_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.String(), nullable=False),
    sa.Column('raw', sa.LargeBinary(), nullable=True),
    sa.Column('sender', sa.String(), nullable=False),
    sa.Column('subject', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('received_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['department_id'], ['support_department.id'], name=op.f('fk_support_mail_department_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_support_mail_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_support_mail')),
    sa.UniqueConstraint('department_id', 'message_id', name=op.f('uq_support_mail_department_id_message_id'))
    )
    with op.batch_alter_table('support_mail', schema=None) as batch_op:
        batch_op.create_index('ix_support_mail_state', ['state', 'id'], unique=False)
        batch_op.create_index('ix_support_mail_ticket', ['ticket_id'], unique=False)

    op.create_table('ticket_message',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('ticket_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('author', sa.String(), nullable=False),
    sa.Column('body', sa.String(), nullable=False),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['ticket_id'], ['ticket.id'], name=op.f('fk_ticket_message_ticket_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user_login.id'], name=op.f('fk_ticket_message_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_message'))
    )
    with op.batch_alter_table('ticket_message', schema=None) as batch_op:
        batch_op.create_index('ix_ticket_message_ticket', ['ticket_id', 'id'], unique=False)

    op.create_table('transfer_proof',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('attempt_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('answer', sa.String(), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('sent_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('answered_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['attempt_id'], ['payment_attempt.id'], name=op.f('fk_transfer_proof_attempt_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_transfer_proof_customer_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_transfer_proof_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_transfer_proof'))
    )
    with op.batch_alter_table('transfer_proof', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_transfer_proof_attempt_id'), ['attempt_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_transfer_proof_customer_id'), ['customer_id'], unique=False)
        batch_op.create_index('ix_transfer_proof_state', ['state'], unique=False)

    op.create_table('unassigned_money',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('provider_ref', sa.String(), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('payer', sa.String(), nullable=False),
    sa.Column('received_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('returned_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.Column('returned_ref', sa.String(), server_default='', nullable=False),
    sa.Column('returned_entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_unassigned_money_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_unassigned_money_account_id')),
    sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id'], name=op.f('fk_unassigned_money_entry_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_unassigned_money_payment_id')),
    sa.ForeignKeyConstraint(['returned_entry_id'], ['ledger_entry.id'], name=op.f('fk_unassigned_money_returned_entry_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_unassigned_money')),
    sa.UniqueConstraint('account_id', 'provider_ref', name=op.f('uq_unassigned_money_account_id_provider_ref'))
    )
    op.create_table('allocation',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('line_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('customer_credit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('credit_note_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('created_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['credit_note_id'], ['document.id'], name=op.f('fk_allocation_credit_note_id')),
    sa.ForeignKeyConstraint(['customer_credit_id'], ['customer_credit.id'], name=op.f('fk_allocation_customer_credit_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_allocation_document_id')),
    sa.ForeignKeyConstraint(['line_id'], ['document_line.id'], name=op.f('fk_allocation_line_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_allocation_payment_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_allocation'))
    )
    with op.batch_alter_table('allocation', schema=None) as batch_op:
        batch_op.create_index('ix_allocation_customer_credit', ['customer_credit_id'], unique=False, sqlite_where=sa.text('customer_credit_id IS NOT NULL'), postgresql_where=sa.text('customer_credit_id IS NOT NULL'))
        batch_op.create_index('ix_allocation_document', ['document_id'], unique=False)
        batch_op.create_index('ix_allocation_payment', ['payment_id'], unique=False)

    op.create_table('bank_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('account_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(), nullable=False),
    sa.Column('servicer_ref', sa.String(), nullable=False),
    sa.Column('part', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('parts', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('amount_minor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('currency', sa.String(), nullable=False),
    sa.Column('booked_on', sa.Date(), nullable=False),
    sa.Column('payer', sa.String(), nullable=False),
    sa.Column('payer_iban', sa.String(), nullable=False),
    sa.Column('said', sa.String(), nullable=False),
    sa.Column('end_to_end_id', sa.String(), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('why', sa.String(), nullable=False),
    sa.Column('payment_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('unassigned_money_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('dispute_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('taken_at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.CheckConstraint('amount_minor > 0', name=op.f('ck_bank_entry_amount')),
    sa.ForeignKeyConstraint(['account_id'], ['gateway_account.id'], name=op.f('fk_bank_entry_account_id')),
    sa.ForeignKeyConstraint(['dispute_id'], ['dispute.id'], name=op.f('fk_bank_entry_dispute_id')),
    sa.ForeignKeyConstraint(['payment_id'], ['payment.id'], name=op.f('fk_bank_entry_payment_id')),
    sa.ForeignKeyConstraint(['unassigned_money_id'], ['unassigned_money.id'], name=op.f('fk_bank_entry_unassigned_money_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_bank_entry')),
    sa.UniqueConstraint('account_id', 'kind', 'servicer_ref', 'part', name=op.f('uq_bank_entry_account_id_kind_servicer_ref_part'))
    )
    with op.batch_alter_table('bank_entry', schema=None) as batch_op:
        batch_op.create_index('ix_bank_entry_end_to_end', ['account_id', 'end_to_end_id'], unique=False)
        batch_op.create_index('ix_bank_entry_payer', ['account_id', 'payer_iban'], unique=False)
        batch_op.create_index(batch_op.f('ix_bank_entry_payment_id'), ['payment_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_bank_entry_unassigned_money_id'), ['unassigned_money_id'], unique=False)

    op.create_table('lent_credit',
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('lot_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('taken', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_lent_credit_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_lent_credit_document_id')),
    sa.ForeignKeyConstraint(['lot_id'], ['customer_credit.id'], name=op.f('fk_lent_credit_lot_id')),
    sa.PrimaryKeyConstraint('document_id', name=op.f('pk_lent_credit'))
    )
    with op.batch_alter_table('lent_credit', schema=None) as batch_op:
        batch_op.create_index('ix_lent_credit_customer', ['customer_id', 'state'], unique=False)
        batch_op.create_index('ix_lent_credit_state', ['state', 'document_id'], unique=False)

    op.create_table('referral',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('seller_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('customer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('referrer_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('state', sa.String(), nullable=False),
    sa.Column('reason', sa.String(), nullable=False),
    sa.Column('document_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('referrer_credit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('friend_credit_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('at', billhead.db.UtcDateTime(timezone=True), nullable=False),
    sa.Column('settled_at', billhead.db.UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customer.id'], name=op.f('fk_referral_customer_id')),
    sa.ForeignKeyConstraint(['document_id'], ['document.id'], name=op.f('fk_referral_document_id')),
    sa.ForeignKeyConstraint(['friend_credit_id'], ['customer_credit.id'], name=op.f('fk_referral_friend_credit_id')),
    sa.ForeignKeyConstraint(['referrer_credit_id'], ['customer_credit.id'], name=op.f('fk_referral_referrer_credit_id')),
    sa.ForeignKeyConstraint(['referrer_id'], ['customer.id'], name=op.f('fk_referral_referrer_id')),
    sa.ForeignKeyConstraint(['seller_id'], ['seller.id'], name=op.f('fk_referral_seller_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_referral')),
    sa.UniqueConstraint('customer_id', name=op.f('uq_referral_customer_id'))
    )
    with op.batch_alter_table('referral', schema=None) as batch_op:
        batch_op.create_index('ix_referral_referrer', ['referrer_id', 'id'], unique=False)
        batch_op.create_index('ix_referral_state', ['state', 'due_on'], unique=False)

    op.create_table('ticket_file',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('mail_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('file_name', sa.String(), nullable=False),
    sa.Column('media_type', sa.String(), nullable=False),
    sa.Column('size', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('data', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('message_id IS NOT NULL OR mail_id IS NOT NULL', name=op.f('ck_ticket_file_owner')),
    sa.ForeignKeyConstraint(['mail_id'], ['support_mail.id'], name=op.f('fk_ticket_file_mail_id')),
    sa.ForeignKeyConstraint(['message_id'], ['ticket_message.id'], name=op.f('fk_ticket_file_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_file'))
    )
    with op.batch_alter_table('ticket_file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_file_mail_id'), ['mail_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_ticket_file_message_id'), ['message_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('ticket_file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_file_message_id'))
        batch_op.drop_index(batch_op.f('ix_ticket_file_mail_id'))

    op.drop_table('ticket_file')
    with op.batch_alter_table('referral', schema=None) as batch_op:
        batch_op.drop_index('ix_referral_state')
        batch_op.drop_index('ix_referral_referrer')

    op.drop_table('referral')
    with op.batch_alter_table('lent_credit', schema=None) as batch_op:
        batch_op.drop_index('ix_lent_credit_state')
        batch_op.drop_index('ix_lent_credit_customer')

    op.drop_table('lent_credit')
    with op.batch_alter_table('bank_entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bank_entry_unassigned_money_id'))
        batch_op.drop_index(batch_op.f('ix_bank_entry_payment_id'))
        batch_op.drop_index('ix_bank_entry_payer')
        batch_op.drop_index('ix_bank_entry_end_to_end')

    op.drop_table('bank_entry')
    with op.batch_alter_table('allocation', schema=None) as batch_op:
        batch_op.drop_index('ix_allocation_payment')
        batch_op.drop_index('ix_allocation_document')
        batch_op.drop_index('ix_allocation_customer_credit', sqlite_where=sa.text('customer_credit_id IS NOT NULL'), postgresql_where=sa.text('customer_credit_id IS NOT NULL'))

    op.drop_table('allocation')
    op.drop_table('unassigned_money')
    with op.batch_alter_table('transfer_proof', schema=None) as batch_op:
        batch_op.drop_index('ix_transfer_proof_state')
        batch_op.drop_index(batch_op.f('ix_transfer_proof_customer_id'))
        batch_op.drop_index(batch_op.f('ix_transfer_proof_attempt_id'))

    op.drop_table('transfer_proof')
    with op.batch_alter_table('ticket_message', schema=None) as batch_op:
        batch_op.drop_index('ix_ticket_message_ticket')

    op.drop_table('ticket_message')
    with op.batch_alter_table('support_mail', schema=None) as batch_op:
        batch_op.drop_index('ix_support_mail_ticket')
        batch_op.drop_index('ix_support_mail_state')

    op.drop_table('support_mail')
    with op.batch_alter_table('refund', schema=None) as batch_op:
        batch_op.drop_index('ix_refund_state')
        batch_op.drop_index(batch_op.f('ix_refund_payment_id'))

    op.drop_table('refund')
    with op.batch_alter_table('dispute', schema=None) as batch_op:
        batch_op.drop_index('ix_dispute_state')
        batch_op.drop_index(batch_op.f('ix_dispute_payment_id'))

    op.drop_table('dispute')
    with op.batch_alter_table('customer_credit', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_credit_payment')
        batch_op.drop_index('ix_customer_credit_order')
        batch_op.drop_index('ix_customer_credit_open')

    op.drop_table('customer_credit')
    with op.batch_alter_table('bill_dispute', schema=None) as batch_op:
        batch_op.drop_index('uq_bill_dispute_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index(batch_op.f('ix_bill_dispute_ticket_id'))
        batch_op.drop_index('ix_bill_dispute_opened')
        batch_op.drop_index('ix_bill_dispute_document')
        batch_op.drop_index(batch_op.f('ix_bill_dispute_customer_id'))

    op.drop_table('bill_dispute')
    with op.batch_alter_table('ticket', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_ticket_service_id'))
        batch_op.drop_index('ix_ticket_queue')
        batch_op.drop_index(batch_op.f('ix_ticket_merged_into_id'))
        batch_op.drop_index('ix_ticket_last')
        batch_op.drop_index(batch_op.f('ix_ticket_document_id'))
        batch_op.drop_index('ix_ticket_customer')
        batch_op.drop_index('ix_ticket_assignee')

    op.drop_table('ticket')
    with op.batch_alter_table('shop_supply', schema=None) as batch_op:
        batch_op.drop_index('ix_shop_supply_waiting')
        batch_op.drop_index('ix_shop_supply_seller')
        batch_op.drop_index(batch_op.f('ix_shop_supply_document_id'))

    op.drop_table('shop_supply')
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_received')
        batch_op.drop_index('ix_payment_provider')
        batch_op.drop_index('ix_payment_customer')

    op.drop_table('payment')
    with op.batch_alter_table('credit_use', schema=None) as batch_op:
        batch_op.drop_index('ix_credit_use_reseller')
        batch_op.drop_index('ix_credit_use_day')

    op.drop_table('credit_use')
    with op.batch_alter_table('attempt_document', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attempt_document_document_id'))

    op.drop_table('attempt_document')
    with op.batch_alter_table('access_code_use', schema=None) as batch_op:
        batch_op.drop_index('ix_access_code_use_code')
        batch_op.drop_index('ix_access_code_use_at')

    op.drop_table('access_code_use')
    op.drop_table('usage_billed')
    with op.batch_alter_table('upstream_purchase', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_upstream_purchase_service_id'))
        batch_op.drop_index('ix_upstream_purchase_open')

    op.drop_table('upstream_purchase')
    with op.batch_alter_table('subscription_change', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_change_subscription')
        batch_op.drop_index('ix_subscription_change_due')
        batch_op.drop_index('ix_subscription_change_document')

    op.drop_table('subscription_change')
    with op.batch_alter_table('sharing_case', schema=None) as batch_op:
        batch_op.drop_index('ix_sharing_case_service')

    op.drop_table('sharing_case')
    with op.batch_alter_table('reseller_order', schema=None) as batch_op:
        batch_op.drop_index('ix_reseller_order_document')
        batch_op.drop_index('ix_reseller_order_customer')

    op.drop_table('reseller_order')
    with op.batch_alter_table('payment_attempt', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_attempt_state')
        batch_op.drop_index('ix_payment_attempt_reference')
        batch_op.drop_index('ix_payment_attempt_provider')
        batch_op.drop_index('ix_payment_attempt_method')
        batch_op.drop_index('ix_payment_attempt_document')
        batch_op.drop_index(batch_op.f('ix_payment_attempt_customer_id'))
        batch_op.drop_index('ix_payment_attempt_created')

    op.drop_table('payment_attempt')
    with op.batch_alter_table('panel_move_line', schema=None) as batch_op:
        batch_op.drop_index('ix_panel_move_line_state')
        batch_op.drop_index(batch_op.f('ix_panel_move_line_service_id'))
        batch_op.drop_index(batch_op.f('ix_panel_move_line_new_service_id'))

    op.drop_table('panel_move_line')
    with op.batch_alter_table('panel_difference', schema=None) as batch_op:
        batch_op.drop_index('ix_panel_difference_panel')

    op.drop_table('panel_difference')
    with op.batch_alter_table('mac_swap', schema=None) as batch_op:
        batch_op.drop_index('ix_mac_swap_service')

    op.drop_table('mac_swap')
    with op.batch_alter_table('fraud_case', schema=None) as batch_op:
        batch_op.drop_index('ix_fraud_case_state')
        batch_op.drop_index('ix_fraud_case_phone')
        batch_op.drop_index('ix_fraud_case_ordered')
        batch_op.drop_index('ix_fraud_case_network')
        batch_op.drop_index('ix_fraud_case_mailbox')
        batch_op.drop_index('ix_fraud_case_mac')
        batch_op.drop_index(batch_op.f('ix_fraud_case_document_id'))
        batch_op.drop_index('ix_fraud_case_device')
        batch_op.drop_index(batch_op.f('ix_fraud_case_customer_id'))
        batch_op.drop_index('ix_fraud_case_card')
        batch_op.drop_index('ix_fraud_case_address')

    op.drop_table('fraud_case')
    with op.batch_alter_table('entitlement', schema=None) as batch_op:
        batch_op.drop_index('ix_entitlement_waiting')
        batch_op.drop_index('ix_entitlement_subscription')
        batch_op.drop_index('ix_entitlement_plan')
        batch_op.drop_index('ix_entitlement_document')

    op.drop_table('entitlement')
    with op.batch_alter_table('dunning_step', schema=None) as batch_op:
        batch_op.drop_index('uq_dunning_step_document', sqlite_where=sa.text('subscription_id IS NULL'), postgresql_where=sa.text('subscription_id IS NULL'))
        batch_op.drop_index(batch_op.f('ix_dunning_step_subscription_id'))
        batch_op.drop_index('ix_dunning_step_fee')

    op.drop_table('dunning_step')
    with op.batch_alter_table('document_line', schema=None) as batch_op:
        batch_op.drop_index('ix_document_line_period_end')
        batch_op.drop_index('ix_document_line_document')
        batch_op.drop_index('ix_document_line_corrects', sqlite_where=sa.text('corrects_line_id IS NOT NULL'), postgresql_where=sa.text('corrects_line_id IS NOT NULL'))

    op.drop_table('document_line')
    with op.batch_alter_table('device', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_device_subscription_id'))
        batch_op.drop_index(batch_op.f('ix_device_service_id'))
        batch_op.drop_index(batch_op.f('ix_device_reseller_id'))
        batch_op.drop_index('ix_device_free')

    op.drop_table('device')
    op.drop_table('credit_movement')
    with op.batch_alter_table('credit_hold', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_credit_hold_service_id'))
        batch_op.drop_index(batch_op.f('ix_credit_hold_reseller_id'))

    op.drop_table('credit_hold')
    with op.batch_alter_table('coupon_use', schema=None) as batch_op:
        batch_op.drop_index('ix_coupon_use_redemption')

    op.drop_table('coupon_use')
    with op.batch_alter_table('auto_top_up', schema=None) as batch_op:
        batch_op.drop_index('ix_auto_top_up_customer')

    op.drop_table('auto_top_up')
    with op.batch_alter_table('adoption_line', schema=None) as batch_op:
        batch_op.drop_index('ix_adoption_line_adoption')

    op.drop_table('adoption_line')
    with op.batch_alter_table('access_code', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_access_code_service_id'))

    op.drop_table('access_code')
    op.drop_table('user_bulk_item')
    with op.batch_alter_table('usage_meter', schema=None) as batch_op:
        batch_op.drop_index('ix_usage_meter_due')

    op.drop_table('usage_meter')
    with op.batch_alter_table('usage_correction', schema=None) as batch_op:
        batch_op.drop_index('ix_usage_correction_subscription')

    op.drop_table('usage_correction')
    op.drop_table('usage_alert')
    with op.batch_alter_table('subscription_event', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_event_subscription')

    op.drop_table('subscription_event')
    with op.batch_alter_table('subscription_component', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_component_subscription')

    op.drop_table('subscription_component')
    with op.batch_alter_table('service', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_service_subscription_id'))
        batch_op.drop_index('ix_service_panel_sync')
        batch_op.drop_index(batch_op.f('ix_service_mac'))
        batch_op.drop_index(batch_op.f('ix_service_login'))
        batch_op.drop_index('ix_service_handle')

    op.drop_table('service')
    with op.batch_alter_table('payment_promise', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_promise_subscription')
        batch_op.drop_index('ix_payment_promise_open')
        batch_op.drop_index(batch_op.f('ix_payment_promise_customer_id'))

    op.drop_table('payment_promise')
    with op.batch_alter_table('free_time', schema=None) as batch_op:
        batch_op.drop_index('ix_free_time_subscription')

    op.drop_table('free_time')
    with op.batch_alter_table('former_calendar', schema=None) as batch_op:
        batch_op.drop_index('ix_former_calendar_subscription')

    op.drop_table('former_calendar')
    with op.batch_alter_table('document', schema=None) as batch_op:
        batch_op.drop_index('uq_document_number_text', sqlite_where=sa.text("number_text <> ''"), postgresql_where=sa.text("number_text <> ''"))
        batch_op.drop_index(batch_op.f('ix_document_subscription_id'))
        batch_op.drop_index('ix_document_open')
        batch_op.drop_index('ix_document_number_text')
        batch_op.drop_index(batch_op.f('ix_document_merged_into_id'))
        batch_op.drop_index('ix_document_issued')
        batch_op.drop_index('ix_document_customer')

    op.drop_table('document')
    with op.batch_alter_table('credit_renewal', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_credit_renewal_reseller_id'))

    op.drop_table('credit_renewal')
    with op.batch_alter_table('coupon_redemption', schema=None) as batch_op:
        batch_op.drop_index('ix_coupon_redemption_customer')

    op.drop_table('coupon_redemption')
    with op.batch_alter_table('bulk_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bulk_item_subscription_id'))
        batch_op.drop_index('ix_bulk_item_state')

    op.drop_table('bulk_item')
    with op.batch_alter_table('billing_mended_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_billing_mended_item_subscription_id'))
        batch_op.drop_index('ix_billing_mended_item_mended')

    op.drop_table('billing_mended_item')
    op.drop_table('billing_failed_item')
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_session_user_id'))

    op.drop_table('user_session')
    op.drop_table('usage_price')
    with op.batch_alter_table('subscription', schema=None) as batch_op:
        batch_op.drop_index('ix_subscription_seller_state')
        batch_op.drop_index(batch_op.f('ix_subscription_plan_id'))
        batch_op.drop_index(batch_op.f('ix_subscription_payment_method_id'))
        batch_op.drop_index(batch_op.f('ix_subscription_payer_reseller_id'))
        batch_op.drop_index('ix_subscription_due')
        batch_op.drop_index(batch_op.f('ix_subscription_customer_id'))
        batch_op.drop_index('ix_subscription_created')

    op.drop_table('subscription')
    with op.batch_alter_table('staff_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_staff_key_user_id'))

    op.drop_table('staff_key')
    op.drop_table('recovery_code')
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_passkey_user_id'))

    op.drop_table('passkey')
    with op.batch_alter_table('one_time_token', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_one_time_token_user_id'))

    op.drop_table('one_time_token')
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.drop_index('ix_notice_state')
        batch_op.drop_index('ix_notice_customer')

    op.drop_table('notice')
    with op.batch_alter_table('method_saving', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_method_saving_customer_id'))

    op.drop_table('method_saving')
    with op.batch_alter_table('linked_identity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_linked_identity_user_id'))

    op.drop_table('linked_identity')
    op.drop_table('known_device')
    with op.batch_alter_table('impersonation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_impersonation_session_id'))
        batch_op.drop_index('ix_impersonation_customer')

    op.drop_table('impersonation')
    with op.batch_alter_table('half_sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_half_sign_in_user_id'))

    op.drop_table('half_sign_in')
    op.drop_table('data_export_part')
    op.drop_table('code_app')
    with op.batch_alter_table('user_login', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_login_staff_role_id'))
        batch_op.drop_index(batch_op.f('ix_user_login_reseller_id'))
        batch_op.drop_index(batch_op.f('ix_user_login_customer_id'))

    op.drop_table('user_login')
    with op.batch_alter_table('tax_id_check', schema=None) as batch_op:
        batch_op.drop_index('ix_tax_id_check_customer')

    op.drop_table('tax_id_check')
    with op.batch_alter_table('shop_host', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_shop_host_seller_id'))

    op.drop_table('shop_host')
    with op.batch_alter_table('reseller_message_item', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reseller_message_item_customer_id'))

    op.drop_table('reseller_message_item')
    op.drop_table('referral_code')
    with op.batch_alter_table('price', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_price_reprice_id'))
        batch_op.drop_index('ix_price_plan')

    op.drop_table('price')
    with op.batch_alter_table('payment_method', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_payment_method_owner_mark'))
        batch_op.drop_index(batch_op.f('ix_payment_method_name_mark'))
        batch_op.drop_index(batch_op.f('ix_payment_method_fingerprint'))
        batch_op.drop_index(batch_op.f('ix_payment_method_customer_id'))

    op.drop_table('payment_method')
    op.drop_table('notice_choice')
    with op.batch_alter_table('notice_address', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_notice_address_code_digest'))

    op.drop_table('notice_address')
    with op.batch_alter_table('ledger_posting', schema=None) as batch_op:
        batch_op.drop_index('ix_ledger_posting_customer')
        batch_op.drop_index('ix_ledger_posting_account')

    op.drop_table('ledger_posting')
    with op.batch_alter_table('erasure_request', schema=None) as batch_op:
        batch_op.drop_index('uq_erasure_request_open', sqlite_where=sa.text("state IN ('waiting', 'blocked', 'ending')"), postgresql_where=sa.text("state IN ('waiting', 'blocked', 'ending')"))
        batch_op.drop_index('ix_erasure_request_state')
        batch_op.drop_index('ix_erasure_request_customer')

    op.drop_table('erasure_request')
    with op.batch_alter_table('data_export', schema=None) as batch_op:
        batch_op.drop_index('ix_data_export_ends')
        batch_op.drop_index('ix_data_export_customer')

    op.drop_table('data_export')
    op.drop_table('customer_wallet')
    with op.batch_alter_table('customer_note', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_customer_note_customer_id'))

    op.drop_table('customer_note')
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_customer')

    op.drop_table('consent')
    op.drop_table('canned_reply')
    op.drop_table('viewing_cursor')
    with op.batch_alter_table('user_bulk', schema=None) as batch_op:
        batch_op.drop_index('ix_user_bulk_reseller')

    op.drop_table('user_bulk')
    with op.batch_alter_table('usage_reject', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_usage_reject_batch_id'))

    op.drop_table('usage_reject')
    op.drop_table('support_department')
    op.drop_table('shop')
    with op.batch_alter_table('reseller_message', schema=None) as batch_op:
        batch_op.drop_index('ix_reseller_message_reseller')

    op.drop_table('reseller_message')
    with op.batch_alter_table('reseller_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reseller_key_reseller_id'))

    op.drop_table('reseller_key')
    with op.batch_alter_table('reseller_closure', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reseller_closure_descendant_id'))

    op.drop_table('reseller_closure')
    op.drop_table('price_book')
    op.drop_table('plan_change')
    op.drop_table('plan_bouquet')
    op.drop_table('panel_status')
    op.drop_table('panel_package')
    op.drop_table('panel_pace')
    with op.batch_alter_table('panel_owner', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_panel_owner_reseller_id'))

    op.drop_table('panel_owner')
    with op.batch_alter_table('panel_move', schema=None) as batch_op:
        batch_op.drop_index('ix_panel_move_state')

    op.drop_table('panel_move')
    op.drop_table('panel_bouquet')
    op.drop_table('ledger_sealed')
    with op.batch_alter_table('import_refusal', schema=None) as batch_op:
        batch_op.drop_index('ix_import_refusal_import')

    op.drop_table('import_refusal')
    op.drop_table('gateway_payout')
    op.drop_table('dunning_policy')
    with op.batch_alter_table('device_model', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_device_model_plan_id'))

    op.drop_table('device_model')
    op.drop_table('day_gift')
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_sought_phone', postgresql_ops={'sought_phone': 'text_pattern_ops'})
        batch_op.drop_index('ix_customer_sought_name', postgresql_ops={'sought_name': 'text_pattern_ops'})
        batch_op.drop_index('ix_customer_sought_last', postgresql_ops={'sought_last': 'text_pattern_ops'})
        batch_op.drop_index('ix_customer_sought_company', postgresql_ops={'sought_company': 'text_pattern_ops'})
        batch_op.drop_index(batch_op.f('ix_customer_reseller_id'))
        batch_op.drop_index('ix_customer_name')
        batch_op.drop_index('ix_customer_mailbox')
        batch_op.drop_index('ix_customer_external_ref')
        batch_op.drop_index('ix_customer_email')

    op.drop_table('customer')
    with op.batch_alter_table('credit_lot', schema=None) as batch_op:
        batch_op.drop_index('ix_credit_lot_reseller')

    op.drop_table('credit_lot')
    op.drop_table('coupon_plan')
    op.drop_table('content_version')
    op.drop_table('content_text')
    with op.batch_alter_table('callback', schema=None) as batch_op:
        batch_op.drop_index('ix_callback_state')

    op.drop_table('callback')
    op.drop_table('bundle_part')
    with op.batch_alter_table('announcement', schema=None) as batch_op:
        batch_op.drop_index('ix_announcement_shown')

    op.drop_table('announcement')
    with op.batch_alter_table('adoption', schema=None) as batch_op:
        batch_op.drop_index('ix_adoption_panel')

    op.drop_table('adoption')
    with op.batch_alter_table('address_news', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_address_news_panel_id'))

    op.drop_table('address_news')
    op.drop_table('viewing_rule')
    op.drop_table('usage_metric')
    with op.batch_alter_table('usage_import_refusal', schema=None) as batch_op:
        batch_op.drop_index('ix_usage_import_refusal_import')

    op.drop_table('usage_import_refusal')
    op.drop_table('usage_batch')
    op.drop_table('tax_registration')
    with op.batch_alter_table('subscriber_import', schema=None) as batch_op:
        batch_op.drop_index('ix_subscriber_import_created')

    op.drop_table('subscriber_import')
    with op.batch_alter_table('sign_in_trip', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_trip_expires_at'))

    op.drop_table('sign_in_trip')
    op.drop_table('sign_in_provider')
    op.drop_table('setup_guide')
    op.drop_table('seller_logo')
    with op.batch_alter_table('reseller', schema=None) as batch_op:
        batch_op.drop_index('ix_reseller_sought_name', postgresql_ops={'sought_name': 'text_pattern_ops'})
        batch_op.drop_index(batch_op.f('ix_reseller_parent_id'))

    op.drop_table('reseller')
    with op.batch_alter_table('reprice', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_reprice_seller_id'))

    op.drop_table('reprice')
    op.drop_table('plan')
    op.drop_table('panel')
    op.drop_table('own_word')
    op.drop_table('number_series')
    with op.batch_alter_table('notice_text', schema=None) as batch_op:
        batch_op.drop_index('ix_notice_text_found')

    op.drop_table('notice_text')
    op.drop_table('ledger_entry')
    op.drop_table('ledger_account')
    with op.batch_alter_table('help_article', schema=None) as batch_op:
        batch_op.drop_index('ix_help_article_shown')

    op.drop_table('help_article')
    op.drop_table('gateway_account')
    op.drop_table('fraud_entry')
    with op.batch_alter_table('event_delivery', schema=None) as batch_op:
        batch_op.drop_index('ix_event_delivery_pending')

    op.drop_table('event_delivery')
    op.drop_table('coupon')
    op.drop_table('content_page')
    with op.batch_alter_table('bulk_action', schema=None) as batch_op:
        batch_op.drop_index('ix_bulk_action_state')

    op.drop_table('bulk_action')
    op.drop_table('bouquet')
    op.drop_table('billing_run')
    op.drop_table('worker_pulse')
    with op.batch_alter_table('viewing', schema=None) as batch_op:
        batch_op.drop_index('ix_viewing_service')
        batch_op.drop_index('ix_viewing_day')

    op.drop_table('viewing')
    op.drop_table('usage_source')
    with op.batch_alter_table('usage_import', schema=None) as batch_op:
        batch_op.drop_index('ix_usage_import_created')

    op.drop_table('usage_import')
    op.drop_table('usage_event')
    op.drop_table('staff_role')
    with op.batch_alter_table('spent_challenge', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_spent_challenge_at'))

    op.drop_table('spent_challenge')
    op.drop_table('simulation')
    op.drop_table('setup_code')
    op.drop_table('seller')
    op.drop_table('plugin_storage')
    op.drop_table('plugin_state')
    op.drop_table('party')
    with op.batch_alter_table('login_attempt', schema=None) as batch_op:
        batch_op.drop_index('ix_login_attempt_key_at')

    op.drop_table('login_attempt')
    with op.batch_alter_table('live_sighting', schema=None) as batch_op:
        batch_op.drop_index('ix_live_sighting_seen')

    op.drop_table('live_sighting')
    op.drop_table('ledger_seal')
    with op.batch_alter_table('job_try', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_job_try_job_id'))

    op.drop_table('job_try')
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_index('ix_job_lane')
        batch_op.drop_index('ix_job_key')
        batch_op.drop_index('ix_job_due')

    op.drop_table('job')
    op.drop_table('idempotency_record')
    op.drop_table('house_fact')
    op.drop_table('freeze_switch')
    op.drop_table('exchange_rate')
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index('ix_event_aggregate')

    op.drop_table('event')
    op.drop_table('content_title')
    op.drop_table('box_address')
    op.drop_table('bouquet_item')
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.drop_index('ix_audit_entry_subject')
        batch_op.drop_index('ix_audit_entry_actor')

    op.drop_table('audit_entry')
