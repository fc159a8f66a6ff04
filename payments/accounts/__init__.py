"""What goes into the seller's books: vouchers of documents and money, for Tally and Zoho Books; values only."""
