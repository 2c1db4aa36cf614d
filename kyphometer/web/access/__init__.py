"""Who may ask: authentication, accounts, cookies, throttling, and middleware of every answer."""
