import { randomBytes } from "node:crypto";
import { Client } from "pg";

/** An empty database on the server, as an operator would make one; it goes when it is disposed of. */
export async function emptyDatabase(
  url: string,
): Promise<{ readonly url: string } & AsyncDisposable> {
  const name = `acceptance_${randomBytes(6).toString("hex")}`;
  const run = async (text: string) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return await client.query(text);
    } finally {
      await client.end();
    }
  };
  await run(`create database ${name}`);
  const database = new URL(url);
  database.pathname = `/${name}`;
  return {
    url: database.href,
    [Symbol.asyncDispose]: async () => void (await run(`drop database ${name} with (force)`)),
  };
}
