"""People."""

import factory

from portal.accounts.models import User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with ``PASSWORD``; ``staff=True`` for one of the vendor's own."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        staff = factory.Trait(is_staff=True, is_superuser=True)

    email = factory.Sequence(lambda number: f"person{number}@example.com")
    first_name = factory.Sequence(lambda number: f"Ada{number}")
    last_name = "Byron"
    language = "en"
    time_zone = "UTC"
    password = factory.django.Password(PASSWORD)
