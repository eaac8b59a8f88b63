// oxlint-disable-next-line no-control-regex -- what a terminal obeys begins with control characters
const styling = /\u001b\[[0-9;:]*m/g;
// Control characters but the tab, and what turns the direction of text or hides in it.
const commands =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/**
 * Somebody else's text as a terminal may show it: it loses its colours, and whatever would move the cursor, set the title or
 * turn the text around is written out (`\\x1b`), so that a log cannot forge what stands around it.
 */
export function safeText(text: string): string {
  return writtenOut(text.replace(styling, ""));
}

/** The same with its colours, which end with the line. */
export function safeStyledText(text: string): string {
  let styled = "";
  let end = 0;
  for (const { 0: style, index } of text.matchAll(styling)) {
    styled += writtenOut(text.slice(end, index)) + style;
    end = index + style.length;
  }
  const rest = writtenOut(text.slice(end));
  return end === 0 ? rest : `${styled}${rest}\u001b[0m`;
}

function writtenOut(text: string): string {
  return text.replace(commands, (character) => {
    const code = character.charCodeAt(0);
    return code < 256
      ? `\\x${code.toString(16).padStart(2, "0")}`
      : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

// What `JSON.stringify` leaves as it is, and a terminal or an eye would take for a command.
const unescaped = /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** A value as JSON with line breaks, of which nothing but those is a control character. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(
    unescaped,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
