// A framed output says how high it is; its frame follows. It can say nothing else.
"use strict";
addEventListener("message", (event) => {
  const height = event.data && event.data.nozzleHeight;
  if (typeof height !== "number" || !(height > 0)) return;
  for (const frame of document.querySelectorAll("iframe")) {
    if (frame.contentWindow === event.source) frame.height = Math.min(Math.ceil(height) + 2, 1200);
  }
});
