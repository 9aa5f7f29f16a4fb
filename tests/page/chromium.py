"""A real browser on a leash: Chromium, spoken to over a pipe in its own protocol (no port, no driver, no package)."""

import base64
import json
import os
import shutil
import time
from pathlib import Path
from subprocess import DEVNULL, Popen
from types import TracebackType
from typing import Any, Self

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60.0
IDLE = """--disable-extensions --disable-component-update --disable-background-networking --disable-sync
--disable-default-apps --no-default-browser-check --disable-breakpad
--disable-component-extensions-with-background-pages --disable-features=Translate,OptimizationHints,MediaRouter"""
"""What a browser does beside showing pages is left out: it takes a third of its start."""


class Chromium:
    """One window of one browser."""

    def __init__(self, profile: Path, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        ours, theirs = os.pipe(), os.pipe()
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run"]
        size, home = f"--window-size={width},{height}", f"--user-data-dir={profile}"
        words = [str(BINARY), *options, *IDLE.split(), size, home, "about:blank"]
        tied = f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}'
        self._process = Popen(
            ["bash", "-c", tied, "chromium", *words], pass_fds=(ours[0], theirs[1]), stdout=DEVNULL, stderr=DEVNULL
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._out, self._in = os.fdopen(ours[1], "wb", buffering=0), os.fdopen(theirs[0], "rb")
        self._number, self._buffer = 0, b""
        self.events: list[dict[str, Any]] = []
        target = next(one for one in self._ask("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self._session = self._ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        phone = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.ask("Emulation.setDeviceMetricsOverride", **phone)
        if dark:
            features = [{"name": "prefers-color-scheme", "value": "dark"}]
            self.ask("Emulation.setEmulatedMedia", features=features)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._out.close()
        self._in.close()

    def open(self, link: str) -> None:
        self.ask("Page.navigate", url=link)
        self.until("document.readyState === 'complete' && !!document.body")

    def do(self, script: str) -> Any:
        """What a piece of JavaScript comes to."""
        told = self._said(script)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def _said(self, script: str) -> dict[str, Any]:
        return self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)

    def until(self, script: str) -> Any:
        """Wait until it is true, and return it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            told = self._said(script)
            if "exceptionDetails" not in told and (value := told["result"].get("value")):
                return value
            time.sleep(0.03)
        raise AssertionError(f"never came true: {script}\n{self.do('document.body.innerText')}")

    def type(self, words: str) -> None:
        """Into what has the focus."""
        self.ask("Input.insertText", text=words)

    def press(self, key: str, code: int, modifiers: int = 0, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.ask(
                "Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, modifiers=modifiers,
                **more,
            )  # fmt: skip

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    @property
    def complaints(self) -> list[str]:
        """What stands in its console as an error."""
        self.do("1")
        told = [event["params"] for event in self.events if event.get("method") == "Runtime.exceptionThrown"]
        logged = [event["params"]["entry"] for event in self.events if event.get("method") == "Log.entryAdded"]
        return [*(str(one["exceptionDetails"].get("text")) for one in told), *(
            f"{entry['text']} {entry.get('url', '')}" for entry in logged if entry["level"] == "error"
        )]  # fmt: skip

    @property
    def hosts(self) -> set[str]:
        """Whom it asked for anything."""
        sent = (event for event in self.events if event.get("method") == "Network.requestWillBeSent")
        return {
            event["params"]["request"]["url"].split("/")[2]
            for event in sent
            if "//" in event["params"]["request"]["url"]
        }

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        return self._ask(method, self._session, **params)

    def _ask(self, method: str, session: str = "", **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {
            "id": self._number,
            "method": method,
            "params": params,
            **({"sessionId": session} if session else {}),
        }
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            some = os.read(self._in.fileno(), 65536)
            assert some, "the browser has gone"
            self._buffer += some
        first, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(first))
