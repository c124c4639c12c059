"""The shared module: rules, storage, use cases, worker and command line. Knows nothing of Streamlit."""
