import { terminalText } from "./terminal-text.ts";

/** A line of a log in its colours. */
export function StyledText({ line }: { readonly line: string }) {
  return (
    <>
      {terminalText(line).map(({ text, style }, index) => (
        <span key={index} class={style.length === 0 ? undefined : style.join(" ")}>
          {text}
        </span>
      ))}
    </>
  );
}
