// Make the page of the whole book ready for paper; returns the headings, in order.
(edition) => {
  // Solutions are read, not clicked.
  document.querySelectorAll(".toggle-hidden").forEach((folded) => {
    folded.classList.remove("toggle-hidden");
  });
  document.querySelectorAll("img").forEach((image) => { image.loading = "eager"; });

  // Links to other pages of the book become links within the file. Those from a figure to
  // its image, and to what else lies beside the page, lead nowhere on paper.
  for (const link of document.querySelectorAll("a[href]")) {
    const address = new URL(link.href);
    if (address.protocol !== "file:") continue;
    const name = decodeURIComponent(address.hash.slice(1));
    if (name && document.getElementById(name)) link.setAttribute("href", "#" + name);
    else link.removeAttribute("href");
  }

  // An interactive figure becomes some of its frames, the first and the last among them.
  for (const figure of document.querySelectorAll(".msr-slideshow")) {
    const slider = figure.querySelector("input");
    const image = figure.querySelector("img"), label = figure.querySelector("output");
    const wide = image.naturalWidth > 2.5 * image.naturalHeight;
    const last = Number(slider.max), count = Math.min(wide ? 3 : 4, last + 1);
    const frames = document.createElement("div");
    frames.className = "printed-frames";
    if (wide) frames.style.gridTemplateColumns = "1fr";
    for (let i = 0; i < count; i++) {
      slider.value = Math.round((i * last) / (count - 1));
      slider.dispatchEvent(new Event("input"));
      const frame = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = slider.getAttribute("aria-label") + ": " + label.textContent;
      frame.append(image.cloneNode(), caption);
      frames.append(frame);
    }
    figure.replaceChildren(frames);
    figure.style.maxWidth = "none";
  }

  const title = document.querySelector("#jb-print-docs-body h1");
  const line = document.createElement("p");
  line.className = "edition";
  line.textContent = edition;
  title?.after(line);

  const headings = [...document.querySelectorAll(
    "h1, h2, h3, h4, h5, h6, [role='heading']"
  )];
  return headings
    .filter((heading) => heading.checkVisibility())
    .map((heading) => heading.innerText.replace(/#$/, "").replace(/\s+/g, " ").trim());
}
