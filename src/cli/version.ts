/** The client's version; `package.json` holds the same, and a test compares them. */
export const clientVersion = "0.1.0";
