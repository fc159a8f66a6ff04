"""GST returns and what else is filed, from final documents: values in, values and files out; no database."""
