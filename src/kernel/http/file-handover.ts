import path from "node:path";

/**
 * Files between components of one machine: a request may name a file of a folder that both sides know, in place of the bytes of
 * its body or of its answer's. Content of a hundred megabytes costs a request more than all that is done with it.
 *
 * - `GET` with this header asks for the content as a file of that name. An answer with the header has made it, by a link,
 *   and has no body; any other answer is an ordinary one.
 * - `POST` with this header and no body gives the content as the file of that name, which the receiver takes away.
 *
 * Names are the caller's, random, and so is the removal of what is left of them. Whoever is on another machine finds no such
 * file and sends bytes.
 */
export const handoverHeader = "x-rivera-file";

const namePattern = /^[a-z0-9-]{16,64}$/;

/** Where a header's file lies; undefined without a folder, a header, or for what is no name. */
export function handedFile(
  directory: string | undefined,
  header: string | readonly string[] | undefined,
): string | undefined {
  if (directory === undefined || typeof header !== "string" || !namePattern.test(header)) {
    return undefined;
  }
  return path.join(directory, header);
}
