"""Changes that core makes: handing facts on."""
