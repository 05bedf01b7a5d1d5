"""Who reads the database alone reads no secret: what a shop in use has written under the vault is ciphertext."""

from sqlalchemy import select
from web_shop import Shop

from billhead.actions.sign_in.save_provider import ProviderWish, save_provider
from billhead.db import Model, reading, writing
from billhead.domain.context import Context
from billhead.models.subscriptions import Service
from billhead.plugin_host import vault
from billhead.plugin_host.rotation import SEALED


def test_no_secret_stands_in_any_column_as_it_is(any_shop: Shop):
    shop = any_shop
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    with shop.app.app_context():
        with writing(Context.system("test")) as tx:
            wish = ProviderWish("Directory", "https://login.example.com", "tv", "secret-of-the-client", True, False)
            save_provider(tx, shop.seller_id, wish)
        with reading() as session:
            password = vault().decrypt(session.scalars(select(Service.password)).first())
            assert len(password) >= 6
            sealed = {str(column): [one for one in session.scalars(select(column)) if one] for column in SEALED}
            assert [name for name, values in sealed.items() for one in values if not vault().decrypt(one)] == []
            assert sealed["Service.password"]
            assert sealed["SignInProvider.client_secret"]
            for table in Model.metadata.sorted_tables:
                told = str(session.execute(select(table)).all())
                assert not [one for one in (password, "secret-of-the-client") if one in told], table.name
