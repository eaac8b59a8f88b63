import type { Container } from "../runtime/container-runtime.ts";
import type { RunRequest } from "./container.ts";
import { StepFailure } from "./steps/step.ts";

/** What the BBS takes of a task's result. */
const maxBytes = 51_200;

/** @throws `StepFailure` where the file is missing or too big */
export async function readResultFile(
  container: Pick<Container, "streamOut">,
  { resultFile, definition }: Pick<RunRequest, "resultFile" | "definition">,
): Promise<string> {
  if (resultFile === "") return "";
  try {
    const content = await container.streamOut({
      path: resultFile,
      user: definition.legacyDownloadUser || "vcap",
    });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of content) {
      if (!Buffer.isBuffer(chunk)) throw new Error("The result is no stream of bytes");
      size += chunk.length;
      if (size > maxBytes) throw new Error(`The result is bigger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (error) {
    throw new StepFailure("failed to fetch result", { cause: error });
  }
}
