"""The plugin by which stock mystmd shows {ask} and {do}."""

MYSTMD = """\
// Lets mystmd show nozzle's {ask} and {do} as boxes. In myst.yml:
//
//   project:
//     plugins:
//       - nozzle.mjs
//
// nozzle itself needs no plugin; delete this file whenever you like.

function said(name, title, kind) {
  return {
    name,
    doc: `${title}, as nozzle reads it.`,
    arg: { type: "myst", doc: "The words, when they fit on the first line." },
    options: { here: { type: Boolean, doc: "Do the task in this place." } },
    body: { type: "myst", doc: "The words." },
    run(data) {
      const first = data.arg?.length ? [{ type: "paragraph", children: data.arg }] : [];
      const heading = { type: "admonitionTitle", children: [{ type: "text", value: title }] };
      const children = [heading, ...first, ...(data.body ?? [])];
      return [{ type: "admonition", kind, class: `nozzle-${name}`, children }];
    },
  };
}

export default {
  name: "nozzle",
  directives: [said("ask", "Question", "tip"), said("do", "Task", "important")],
};
"""
