import { z } from "zod";
import { asInternalSecret, internalHeaders } from "#kernel/http/internal-auth.ts";
import type { PlatformState } from "./platform-state.ts";

const keptAnswer = z.array(
  z.object({
    build_guid: z.string(),
    cell: z.string(),
    until: z.string(),
    memory_in_mb: z.number(),
    terminals: z.number(),
  }),
);

/** A line for each container of a failed staging that a cell keeps, the next to go first. */
export async function keptStagingLines(
  state: Pick<PlatformState, "cloudControllerPort" | "internalSecret">,
): Promise<string[]> {
  const url = `http://127.0.0.1:${state.cloudControllerPort}/kept-stagings`;
  const headers = internalHeaders(asInternalSecret(state.internalSecret));
  const response = await fetch(url, { headers });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const kept = keptAnswer.parse(await response.json());
  return kept
    .toSorted((a, b) => (a.until < b.until ? -1 : 1))
    .map(({ build_guid: build, cell, until, memory_in_mb: memory, terminals }) => {
      const open = terminals === 0 ? "" : `, ${terminals} open`;
      return `failed staging: ${build} on ${cell}, ${memory} MB, until ${until}${open}`;
    });
}
