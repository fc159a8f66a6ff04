"""The customer portal: what a customer's finance person sees and does alone, behind one link."""
