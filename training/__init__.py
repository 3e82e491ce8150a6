"""How gatehouse's own plate reader is made; see README.md. The appliance never imports this."""
