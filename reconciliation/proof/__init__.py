"""The daily proof, without a database: Merkle trees, what a statement says, signatures. docs/proof.md."""
