#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""make check-report: the page of the corpus in Chromium, as people see it.

The whole page, and one of few inputs, at 1280 and at 400 pixels, light and dark: no text is wider than its place, but where its table scrolls; no link
leads nowhere; and each pair of colours in which text comes has a contrast of 4.5 at least, by WCAG 2's formula.
One plants a fault of each kind into a copy of the page first, and sees it told. SHOTS gets pictures of each, and
the page as it prints.

The last line counts: N passed, N failed, N skipped. Exit status: 0; 1 a check failed; 2 wrong usage; 3 CAPCHAIN,
python3-jinja2 or chromium is missing.
"""
import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path[0], sys.dont_write_bytecode = os.path.dirname(os.path.dirname(os.path.abspath(__file__))), True

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CONTRAST = 4.5
LOOKS = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]
# The whole page has the same places many times; each width and each theme is seen once.
LOOKS_WHOLE = [(1280, "light"), (400, "dark")]
SHOT_HEIGHT = 1600
MOST_SHOWN = 5

# Text that ends beyond the page, or beyond a box that does not scroll. An SVG's text is held to its picture.
OVERFLOW = """(() => {
	const told = [], wide = document.documentElement.clientWidth;
	const scrolls = one => { for (; one; one = one.parentElement)
		if (['auto', 'scroll'].includes(getComputedStyle(one).overflowX)) return true; return false; };
	if (document.documentElement.scrollWidth > wide) told.push('the page is ' + document.documentElement.scrollWidth);
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const holder = node.parentElement, range = document.createRange();
		if (!node.data.trim() || ['SCRIPT', 'STYLE', 'title'].includes(holder.tagName)) continue;
		range.selectNodeContents(node);
		const box = range.getBoundingClientRect();
		if (!box.width) continue;
		const svg = holder.closest('svg'), limit = svg ? svg.getBoundingClientRect().right :
			holder.closest('td,th,p,pre,li,h1,h2,h3,h4,figure,body').getBoundingClientRect().right;
		if (box.right > limit + 1 || (box.right > wide + 1 && !scrolls(holder)))
			told.push(node.data.trim().slice(0, 60) + ' ends at ' + Math.round(box.right) + ' of ' + Math.round(limit));
	}
	return told;
})()"""

# The colours of each text and of what lies behind it; of an SVG's text, its fill and the last box under it.
COLOURS = """(() => {
	const pairs = {}, clear = colour => colour === 'transparent' || colour === 'rgba(0, 0, 0, 0)';
	const behind = one => { for (; one; one = one.parentElement) {
		const colour = getComputedStyle(one).backgroundColor; if (!clear(colour)) return colour; } return 'none'; };
	const under = (text, box) => { let found = null;
		for (const rect of text.closest('svg').querySelectorAll('rect')) { const r = rect.getBoundingClientRect();
			if (r.left <= box.left + 1 && r.right >= box.left && r.top <= box.top + box.height / 2 &&
				r.bottom >= box.top + box.height / 2) found = rect; }
		return found ? getComputedStyle(found).fill : behind(text); };
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const holder = node.parentElement;
		if (!node.data.trim() || ['SCRIPT', 'STYLE', 'title'].includes(holder.tagName)) continue;
		const in_svg = holder.tagName === 'text', style = getComputedStyle(holder);
		const pair = in_svg ? style.fill + ' on ' + under(holder, holder.getBoundingClientRect())
			: style.color + ' on ' + behind(holder);
		pairs[pair] = pairs[pair] || node.data.trim().slice(0, 40);
	}
	return pairs;
})()"""

LINKS = """[...document.querySelectorAll('a')].map(one => one.getAttribute('href')).filter(
	href => !href || (href.startsWith('#') && !document.getElementById(href.slice(1))))"""

# One fault each: where it is put into the page, and which look tells it.
PLANTED = {
    "overflow": '<p style="white-space:nowrap">' + "wide " * 400 + "</p>",
    "overflow of a cell": '<table style="table-layout:fixed;width:80px"><tr><td style="overflow-wrap:normal">'
                          + "w" * 60 + "</td></tr></table>",
    "contrast": '<p style="color:#999;background:#aaa">faint</p>',
    "contrast in a picture": '<svg class="pic" width="50" height="20"><rect width="50" height="20" class="of-struct"/>'
                             '<text x="2" y="12" style="fill:#909090">faint</text></svg>',
    "links": '<a href="#nowhere-at-all">lost</a>',
}


class Browser:
    """Chromium without a window, spoken to over pipes in its DevTools protocol, so that nothing but it is needed."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="capchain-chromium-")
        to_it, self.write = os.pipe()
        self.read, from_it = os.pipe()
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []

        def place():
            # It reads from 3 and writes to 4.
            low, high = os.dup(to_it), os.dup(from_it)
            os.dup2(low, 3)
            os.dup2(high, 4)

        self.process = subprocess.Popen(
            [program, "--headless", *sandbox, "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             "--hide-scrollbars", "--no-first-run", f"--user-data-dir={self.folder.name}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=place,
            close_fds=False, start_new_session=True)
        os.close(to_it)
        os.close(from_it)
        self.number, self.rest, self.session = 0, b"", None
        targets = self.call("Target.getTargets")["targetInfos"]
        target = next(one["targetId"] for one in targets if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def message(self):
        while b"\0" not in self.rest:
            data = os.read(self.read, 1 << 20)
            if not data:
                raise OSError("chromium ended")
            self.rest += data
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **parameters):
        self.number += 1
        words = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            words["sessionId"] = self.session
        os.write(self.write, json.dumps(words).encode() + b"\0")
        while True:
            said = self.message()
            if said.get("id") == self.number:
                if "error" in said:
                    raise OSError(f"chromium: {method}: {said['error']['message']}")
                return said["result"]

    def open(self, path, width, theme):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=SHOT_HEIGHT, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        self.call("Page.navigate", url=Path(path).absolute().as_uri())
        while self.message().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, script):
        said = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in said:
            raise OSError(f"chromium: {said['exceptionDetails'].get('exception', {}).get('description')}")
        return said["result"]["value"]

    def shot(self, path, selector=None, area=None):
        clip = {"clip": area} if area else {}
        if selector:
            box = self.evaluate(f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
                                "return [b.left + scrollX, b.top + scrollY, b.width, b.height]; })()")
            clip = {"clip": dict(zip(("x", "y", "width", "height"), box), scale=1), "captureBeyondViewport": True}
        data = self.call("Page.captureScreenshot", **clip)["data"]
        Path(path).write_bytes(base64.b64decode(data))

    def print(self, path):
        Path(path).write_bytes(base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True)["data"]))

    def close(self):
        try:
            self.session = None
            self.call("Browser.close")
        except OSError:
            self.process.kill()
        self.process.wait()
        os.close(self.write)
        os.close(self.read)
        self.folder.cleanup()


def channels(colour):
    """(red, green, blue) of `rgb(1, 2, 3)`; one that lets something through is refused."""
    numbers = [float(one) for one in colour[colour.index("(") + 1:-1].replace("/", " ").replace(",", " ").split()]
    if len(numbers) > 3 and numbers[3] < 1:
        raise ValueError(colour)
    return numbers[:3]


def luminance(colour):
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4
              for one in (channel / 255 for channel in channels(colour))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faint(pairs):
    for pair, words in sorted(pairs.items()):
        try:
            ratio = contrast(*pair.split(" on "))
        except ValueError:
            yield f"{pair}: not a colour that can be weighed, in {words!r}"
            continue
        if ratio < CONTRAST:
            yield f"{pair}: {ratio:.2f}, in {words!r}"


LOOK = {"overflow": lambda browser: browser.evaluate(OVERFLOW), "links": lambda browser: browser.evaluate(LINKS),
        "contrast": lambda browser: list(faint(browser.evaluate(COLOURS)))}


class Count:
    """What came out, in lines as it comes."""

    def __init__(self):
        self.passed = self.failed = 0

    def tell(self, name, wrong):
        if wrong:
            self.failed += 1
            print(f"FAILED  {name}: {'; '.join(map(str, wrong[:MOST_SHOWN]))}"
                  + (f" and {len(wrong) - MOST_SHOWN} more" if len(wrong) > MOST_SHOWN else ""), flush=True)
        else:
            self.passed += 1
            print(f"ok      {name}", flush=True)

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, 0 skipped")
        return 1 if self.failed or not self.passed else 0


def make(options, folder, *more):
    out = os.path.join(folder, "index.html")
    done = subprocess.run([os.path.join(HERE, "page.py"), "--capchain", options.capchain, "--out", out, *more],
                          cwd=ROOT, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return out


def look(browser, count, path, name, shots, looks):
    for width, theme in looks:
        browser.open(path, width, theme)
        for what, see in LOOK.items():
            count.tell(f"{what}: {name}, {width} pixels, {theme}", see(browser))
        browser.shot(os.path.join(shots, f"{name}-{width}-{theme}.png"))
        if browser.evaluate("!!document.querySelector('article')"):
            browser.shot(os.path.join(shots, f"{name}-{width}-{theme}-witness.png"), "article:last-of-type")


def plant(browser, count, path, folder):
    """Each look tells its fault, and the page without one has none of it."""
    text = Path(path).read_text("utf-8")
    for fault, markup in PLANTED.items():
        planted = os.path.join(folder, "planted.html")
        Path(planted).write_text(text.replace("<h1>", markup + "<h1>", 1), "utf-8")
        browser.open(planted, 400, "light")
        count.tell(f"a planted fault is seen: {fault}",
                   [] if LOOK[fault.split()[0]](browser) else ["nothing was told"])


def main():
    parser = argparse.ArgumentParser(prog="browser.py", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--capchain", default="build/capchain", metavar="PATH", help="(build/capchain)")
    parser.add_argument("--shots", default="build/check-report", metavar="DIR", help="(build/check-report)")
    parser.add_argument("--chromium", default=shutil.which("chromium"), metavar="PATH")
    options = parser.parse_args()
    if not options.chromium:
        print("make check-report: no chromium here (Debian package chromium)", file=sys.stderr)
        return 3
    options.capchain, options.shots = os.path.abspath(options.capchain), os.path.abspath(options.shots)
    os.makedirs(options.shots, exist_ok=True)
    count = Count()
    with tempfile.TemporaryDirectory(prefix="capchain-report-") as folder:
        page = make(options, folder, "--corpus", "corpus", "--", "corpus")
        small = os.path.join(folder, "small")
        few = make(options, small, "--", *(f"corpus/regressions/{name}.yaml" for name in (
            "region-loop-two-step", "region-payload-oob-sparse-area", "region-next-0x80000000", "iommu-count-past-memory",
            "region-overlap-sparse-in-type", "fetch-region-always-0")))
        browser = Browser(options.chromium)
        try:
            look(browser, count, few, "few", options.shots, LOOKS)
            browser.open(few, 1280, "light")
            browser.print(os.path.join(options.shots, "few.pdf"))
            look(browser, count, page, "report", options.shots, LOOKS_WHOLE)
            plant(browser, count, few, small)
            # What scripts/report/page.png is: small enough for a README.
            browser.open(page, 1280, "light")
            browser.shot(os.path.join(options.shots, "page.png"), area={"x": 0, "y": 0, "width": 1280, "height": 1100, "scale": 0.6})
        finally:
            browser.close()
    print(f"pictures: {options.shots}")
    return count.end()


if __name__ == "__main__":
    sys.exit(main())
