"""`python -m appliance` is `gatehouse`."""

from appliance.cli import main

if __name__ == "__main__":
    main()
