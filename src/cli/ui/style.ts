/** The few styles that the official client uses, as SGR codes. */
const styles = {
  bold: "1",
  flavor: "36;1",
  red: "31",
  redBold: "31;1",
  green: "32",
  greenBold: "32;1",
};

export type Style = keyof typeof styles;

export function styled(text: string, style: Style): string {
  return text === "" ? text : `\u001b[${styles[style]}m${text}\u001b[0m`;
}

// oxlint-disable-next-line no-control-regex -- the escape character is what SGR sequences begin with
const sequences = /\u001b\[[0-9;]*m/g;

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const zeroWidth = /[\p{M}\u200b-\u200f]/u;

/** Columns that a terminal uses for the text: escape sequences none, East Asian wide characters two. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text.replace(sequences, "")) {
    if (!zeroWidth.test(character)) width += wide.test(character) ? 2 : 1;
  }
  return width;
}
