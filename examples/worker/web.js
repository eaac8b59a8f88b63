const http = require("node:http");

const server = http.createServer((request, response) => {
  response.end(`web, instance ${process.env.CF_INSTANCE_INDEX ?? "0"}: the worker ticks in the log\n`);
});
server.listen(process.env.PORT ?? 8080);
process.on("SIGTERM", () => {
  server.close();
  server.closeIdleConnections();
});
