"""JupyterLab on this machine, and a notebook that is open in it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from playwright.sync_api import Locator, Page

SECONDS = 60
# Ready is a notebook whose cells are shown and whose kernel waits.
RUN_ALL = """async () => {
    const app = window.jupyterapp;
    const pause = () => new Promise(resolve => setTimeout(resolve, 50));
    while (!app.shell.currentWidget?.context) await pause();
    const panel = app.shell.currentWidget;
    await panel.revealed;
    await panel.context.ready;
    await panel.sessionContext.ready;
    while (panel.sessionContext.kernelDisplayStatus !== 'idle') await pause();
    await app.commands.execute('notebook:run-all-cells');
    const outputs = panel.content.model.toJSON().cells.flatMap(cell => cell.outputs);
    return outputs.filter(output => output.output_type === 'error')
        .map(error => `${error.ename}: ${error.evalue}`);
}"""


class JupyterLab:
    """A server for the notebooks of a folder.

    Attributes:
        url: its address; ends with "/".
    """

    def __init__(self, notebooks: Path, own: Path) -> None:
        names = ("RUNTIME", "CONFIG", "DATA")
        folders = {f"JUPYTER_{name}_DIR": str(own / name) for name in names}
        options = ["--no-browser", "--allow-root", "--ServerApp.port=0"]
        options += [f"--ServerApp.root_dir={notebooks}", "--IdentityProvider.token="]
        options += ["--LabApp.expose_app_in_browser=True", "--LabApp.news_url="]
        self._log = (own / "log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            env=os.environ | folders | {"TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"},
            stderr=self._log,
            stdout=self._log,
        )
        self.url = self._address(own / "RUNTIME")

    def _address(self, folder: Path) -> str:
        """What the server writes down once it listens."""
        for _ in range(10 * SECONDS):
            for file in folder.glob("jpserver-*.json"):
                text = file.read_text()
                if text.strip().endswith("}"):
                    return str(json.loads(text)["url"])
            if self._process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"JupyterLab did not start: {Path(self._log.name).read_text()}")

    def close(self) -> None:
        """Stop the server and its kernels."""
        self._process.terminate()
        self._process.wait()
        self._log.close()


def run_all(page: Page, lab: JupyterLab, name: str) -> None:
    """Open a notebook and run its cells.

    Raises:
        AssertionError: a cell failed.
    """
    page.goto(f"{lab.url}lab/tree/{name}?reset")
    page.wait_for_function("window.jupyterapp !== undefined")
    page.set_default_timeout(1000 * SECONDS)
    assert page.evaluate(RUN_ALL) == []


class LiveFigure:
    """A live form in an open notebook: its controls, and what it shows."""

    def __init__(self, page: Page, box: Locator) -> None:
        self.page, self.box = page, box
        self.image = box.locator(".widget-html img")

    def controls(self) -> list[Locator]:
        """What takes the keyboard, buttons apart."""
        return self.box.locator(
            ".noUi-handle, .widget-dropdown select, .widget-checkbox input"
        ).all()

    def state(self) -> tuple[str | None, str | None]:
        """The picture and its alternative text."""
        return self.image.get_attribute("src"), self.image.get_attribute("alt")

    def change(self, control: Locator) -> None:
        """Move a control, and wait for another picture.

        Raises:
            playwright.sync_api.TimeoutError: the picture stays as it is.
        """
        before = self.state()[0]
        self.move(control)
        self.wait_for_another_picture(before)

    def move(self, control: Locator) -> None:
        """Move a control by one place, by keyboard."""
        control.focus()
        if control.evaluate("e => e.tagName") == "SELECT":
            last = control.evaluate("e => e.selectedIndex === e.options.length - 1")
            keys = ["Space", "ArrowUp" if last else "ArrowDown", "Enter"]
        elif control.get_attribute("type") == "checkbox":
            keys = ["Space"]
        else:
            now, last = (control.get_attribute(f"aria-value{w}") for w in ("now", "max"))
            keys = ["ArrowLeft" if now == last else "ArrowRight"]
        for key in keys:
            self.page.keyboard.press(key)

    def start_and_stop(self) -> None:
        """Press Start, wait for another picture, and press Stop unless it has ended.

        Raises:
            playwright.sync_api.TimeoutError: it does not start, or not stop.
        """
        before = self.state()[0]
        button = self.box.locator("button").first
        says = "([button, word]) => button.innerText === word"
        button.focus()
        self.page.keyboard.press("Enter")
        self.page.wait_for_function(says, arg=[button.element_handle(), "Stop"])
        self.wait_for_another_picture(before)
        if button.inner_text() == "Stop":
            self.page.keyboard.press("Enter")
        self.page.wait_for_function(says, arg=[button.element_handle(), "Start"])

    def wait_for_another_picture(self, before: str | None) -> None:
        """Return when the image is there and another one."""
        self.page.wait_for_function(
            "([box, before]) => { const image = box.querySelector('.widget-html img');"
            " return image && image.src !== before && image.naturalWidth > 0; }",
            arg=[self.box.element_handle(), before],
        )
