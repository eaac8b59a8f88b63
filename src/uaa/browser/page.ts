import type { FastifyReply, FastifyRequest } from "fastify";

/** HTML whose text is escaped already. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Text in the holes is escaped; `Html` and lists of it go in as they are. */
export function html(
  parts: TemplateStringsArray,
  ...holes: readonly (string | Html | readonly Html[])[]
): Html {
  const filled = holes.map((hole) => {
    if (typeof hole === "string") return escaped(hole);
    return hole instanceof Html ? hole.text : hole.map(({ text }) => text).join("");
  });
  return new Html(parts.map((part, index) => part + (filled[index] ?? "")).join(""));
}

/** The dashboard's paper and accent, in light and dark. */
function styleSheet(): Html {
  return html`<style>
    :root {
      color-scheme: light dark;
      --accent: light-dark(#a63a17, #f0946b);
      --paper: light-dark(#fdfcfa, #16171a);
    }
    body {
      font:
        1rem/1.5 system-ui,
        sans-serif;
      max-width: 24rem;
      margin: 4rem auto;
      padding: 0 1rem;
      color: light-dark(#1f1d1a, #e6e3de);
      background: var(--paper);
    }
    a {
      color: inherit;
    }
    :focus-visible {
      outline: 2px solid var(--accent);
      outline-offset: 2px;
    }
    label,
    input,
    button {
      display: block;
      width: 100%;
      box-sizing: border-box;
      font: inherit;
    }
    input {
      margin: 0 0 1rem;
      padding: 0.5rem;
    }
    button {
      padding: 0.6rem;
      margin-top: 0.5rem;
      border: 0;
      border-radius: 4px;
      background: var(--accent);
      color: var(--paper);
      font-weight: 600;
    }
    .error {
      color: light-dark(#b3261e, #ff8a7d);
    }
    samp {
      font-size: 1.25rem;
      overflow-wrap: anywhere;
      user-select: all;
    }
  </style>`;
}

/** Sends a whole page. It runs no script, is shown in no other site's frame, and is kept in no cache. */
export function sendPage(
  reply: FastifyReply,
  page: { readonly title: string; readonly body: Html; readonly httpStatus?: number },
): FastifyReply {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title}</title>
        ${styleSheet()}
      </head>
      <body>
        <main>
          <h1>${page.title}</h1>
          ${page.body}
        </main>
      </body>
    </html> `;
  return reply
    .code(page.httpStatus ?? 200)
    .header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    )
    .header("x-frame-options", "DENY")
    .header("x-content-type-options", "nosniff")
    .header("referrer-policy", "no-referrer")
    .header("cache-control", "no-store")
    .type("text/html; charset=utf-8")
    .send(document.text);
}

/** Whether an answer is for a person's browser. Programs ask for JSON, or for nothing in particular. */
export function wantsPage(request: FastifyRequest): boolean {
  return /\btext\/html\b/i.test(request.headers.accept ?? "");
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
