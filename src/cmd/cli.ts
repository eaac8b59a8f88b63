import { runClientMain } from "./client-main.ts";

await runClientMain();
