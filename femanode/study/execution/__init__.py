"""Cases in processes of their own: started, watched, limited, and remembered."""
