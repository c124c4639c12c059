"""The web process. `streamlit run streamlit_app.py`, or faster: `uvicorn streamlit_app:app --ws websockets-sansio`."""

import sys
from pathlib import Path

import streamlit as st

from portal import boundary, gate, life, web

_SCRIPT = Path(__file__).parent / "portal" / "navigation.py"
# Streamlit puts the script's folder first on the path while it runs, unless it is there already. First, our
# html.py would hide Python's from whoever imports it then, child processes included.
sys.path.append(str(_SCRIPT.parent))

app = st.App(
    _SCRIPT,
    routes=web.routes(),
    middleware=gate.middleware(),
    lifespan=life.lifespan,
    on_script_error=boundary.on_script_error,
)
