import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A copy of an example that a benchmark may change. */
export function exampleCopy(name: string): string {
  const target = mkdtempSync(path.join(tmpdir(), "rivera-bench-"));
  cpSync(path.resolve(import.meta.dirname, "../examples", name), target, { recursive: true });
  return target;
}

/**
 * A web app that carries 15,000 small files (300 to 8,300 bytes, 64 MB in all, a fourth of that compressed), as a vendored
 * node_modules does. The contents differ from file to file and are the same from run to run.
 */
export function manyFilesApp(files = 15_000): string {
  const root = mkdtempSync(path.join(tmpdir(), "rivera-bench-"));
  writeFileSync(path.join(root, "Procfile"), "web: node server.js\n");
  writeFileSync(
    path.join(root, "server.js"),
    'require("node:http").createServer((q, s) => s.end("many")).listen(process.env.PORT);\n',
  );
  const random = seededRandom(1);
  for (let i = 0; i < files; i += 1) {
    const directory = path.join(root, "vendor", `package-${Math.floor(i / 30)}`);
    if (i % 30 === 0) mkdirSync(directory, { recursive: true });
    const size = 300 + ((i * 7_919) % 8_000);
    writeFileSync(path.join(directory, `file-${i}.js`), sourceText(random, size));
  }
  return root;
}

const words =
  "const function return export import from async await null value index length options error result name path".split(
    " ",
  );

/** Looks like source code to a compressor: words of a language, and names and numbers of the file's own. */
function sourceText(random: () => number, size: number): string {
  let text = "";
  while (text.length < size) {
    const word = words[Math.floor(random() * words.length)] ?? "";
    text += random() < 0.15 ? `${word}${Math.floor(random() * 1e6).toString(36)};\n  ` : `${word} `;
  }
  return text.slice(0, size);
}

/** Numbers in [0, 1), the same sequence for the same seed (a linear congruential generator). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
