"""The web process: `uvicorn streamlit_app:app --ws websockets-sansio`, or by `streamlit run`."""

import streamlit as st

from portal import boundary, gate, life, web

app = st.App(
    life.SCRIPT,
    routes=web.routes(),
    middleware=gate.middleware(),
    lifespan=life.lifespan,
    on_script_error=boundary.on_script_error,
)
