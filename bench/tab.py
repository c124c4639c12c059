"""One open page as a browser keeps it, without any network: what the server has told, and what is sent to it.

Streamlit's own protocol: a BackMsg asks for a run, ForwardMsgs put the page together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState


@dataclass
class Page:
    """What a run put on the page: elements and blocks by type; `query` is the address it ended at."""

    elements: Counter[str] = field(default_factory=Counter)
    blocks: Counter[str] = field(default_factory=Counter)
    query: str = ""
    html: list[str] = field(default_factory=list)
    uploaders: list[str] = field(default_factory=list)  # ids of the widgets that take files
    widgets: dict[str, str] = field(default_factory=dict)  # a widget's key: its id
    options: dict[str, list[str]] = field(default_factory=dict)  # a radio's key: what can be chosen
    look_again: tuple[float, str] | None = None  # after so many seconds, this fragment by itself

    def widget(self, key: str) -> str | None:
        """The id of the widget whose key is `key`, or `key` with a case's number behind it."""
        found = (id for name, id in self.widgets.items() if name == key or name.startswith(f"{key}-"))
        return next(found, None)


class Tab:
    """`path` and `query` are the address without its host, `base`."""

    def __init__(self, base: str, path: str = "", query: str = "") -> None:
        self.base, self.path, self.query = base, path, query
        self.script_hash = ""
        self.session_id = ""
        self.values: dict[str, WidgetState] = {}  # what the visitor has put into widgets, by id

    @property
    def url(self) -> str:
        return f"{self.base}/{self.path}?{self.query}"

    # --- to the server -----------------------------------------------------------------------------------

    def rerun(self) -> BackMsg:
        """A run of the page as it stands."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string = self.query
        if self.script_hash:
            state.page_script_hash = self.script_hash
        else:
            state.page_name = self.path
        state.widget_states.widgets.extend(self.values.values())
        state.context_info.url = self.url
        state.context_info.timezone = "Asia/Shanghai"
        state.context_info.locale = "zh-CN"
        return message

    def follow(self, path: str, query: str = "") -> BackMsg:
        """A link to another page."""
        self.path, self.query, self.script_hash, self.values = path, query, "", {}
        return self.rerun()

    def press(self, id: str) -> BackMsg:
        message = self.rerun()
        message.rerun_script.widget_states.widgets.add(id=id, trigger_value=True)
        return message

    def fill(self, id: str, text: str) -> BackMsg:
        """Write into a field, or choose an option by its words."""
        self.values[id] = WidgetState(id=id, string_value=text)
        return self.rerun()

    def look_again(self, fragment: str) -> BackMsg:
        """A fragment's own run, which the browser asks for by itself."""
        message = self.rerun()
        message.rerun_script.fragment_id = fragment
        message.rerun_script.is_auto_rerun = True
        return message

    # --- from the server ---------------------------------------------------------------------------------

    def take(self, data: bytes, page: Page) -> Page | None:
        """One message, put onto `page`. The page to go on with, or None when the run has ended."""
        answer = ForwardMsg()
        answer.ParseFromString(data)
        kind = answer.WhichOneof("type")
        if kind == "script_finished":
            if answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return Page()  # what counts is what stands there in the end
            page.query = self.query
            self._forget_what_is_gone(page, answer)
            return None
        if kind == "new_session":
            self.script_hash = answer.new_session.page_script_hash
            self.session_id = answer.new_session.initialize.session_id or self.session_id
        elif kind == "navigation":
            self.script_hash = answer.navigation.page_script_hash or self.script_hash
        elif kind == "page_info_changed":
            self.query = answer.page_info_changed.query_string
        elif kind == "auto_rerun":
            page.look_again = (answer.auto_rerun.interval, answer.auto_rerun.fragment_id)
        elif kind == "delta":
            _put(answer, page)
        return page

    def _forget_what_is_gone(self, page: Page, answer: ForwardMsg) -> None:
        if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
            there = set(page.widgets.values())
            self.values = {id: value for id, value in self.values.items() if id in there}


def _put(answer: ForwardMsg, page: Page) -> None:
    if answer.delta.WhichOneof("type") == "add_block":
        page.blocks[answer.delta.add_block.WhichOneof("type") or "container"] += 1
        return
    if answer.delta.WhichOneof("type") != "new_element":
        return
    element = answer.delta.new_element
    kind = element.WhichOneof("type") or "empty"
    page.elements[kind] += 1
    if kind == "html":
        page.html.append(element.html.body)
        return
    id = getattr(getattr(element, kind, None), "id", "")
    if isinstance(id, str) and id.startswith("$$ID-"):
        key = id.split("-", 2)[2]
        page.widgets[key] = id
        if kind == "radio":
            page.options[key] = list(element.radio.options)
        elif kind == "file_uploader":
            page.uploaders.append(id)


def cookies_of(jar: Mapping[str, str]) -> str:
    """A `Cookie` header."""
    return "; ".join(f"{name}={value}" for name, value in jar.items())


def upload_of(session_id: str, file_id: str, name: str, data: bytes) -> tuple[str, str, bytes]:
    """(path, content type, body) of a file as the browser sends it."""
    border = f"--{file_id}"
    head = (
        f'--{border}\r\ncontent-disposition: form-data; name="{name}"; filename="{name}"\r\n'
        "content-type: application/octet-stream\r\n\r\n"
    )
    body = head.encode() + data + f"\r\n--{border}--\r\n".encode()
    return f"/_stcore/upload_file/{session_id}/{file_id}", f"multipart/form-data; boundary={border}", body


def uploaded(message: BackMsg, uploader: str, name: str, size: int, file_id: str, path: str) -> BackMsg:
    """`message` tells that the file lies there."""
    state = message.rerun_script.widget_states.widgets.add(id=uploader)
    file = state.file_uploader_state_value.uploaded_file_info.add(name=name, size=size, file_id=file_id)
    file.file_urls.file_id = file_id
    file.file_urls.upload_url = file.file_urls.delete_url = path
    return message
