"""What an issuer writes on a card: its files, its certificates, its machine readable zone, its picture."""
