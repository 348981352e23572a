"""Makes the tables and the customers of the Django site."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

call_command("migrate", verbosity=0)
for name in os.environ["SHOPS_CUSTOMERS"].split():
    # Staff, so that the admin's door opens to them too.
    User.objects.create_user(name, f"{name}@shop.example", os.environ["SHOPS_PASSWORD"], is_staff=True)
