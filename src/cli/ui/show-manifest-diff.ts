import type { DiffLine } from "../manifest/diff-lines.ts";
import type { Ui } from "./ui.ts";

export function showManifestDiff(ui: Ui, lines: readonly DiffLine[]): void {
  for (const { kind, text } of lines) {
    if (kind === "added") ui.text(ui.style(`+ ${text}`, "green"));
    else if (kind === "removed") ui.text(ui.style(`- ${text}`, "red"));
    else ui.text(`  ${text}`);
  }
}
