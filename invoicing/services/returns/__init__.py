"""GST returns: read from final documents, exported, filed."""
