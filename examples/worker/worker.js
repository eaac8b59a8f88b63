// No port and no route: a process of its own type, with its own instances, memory and logs.
let ticks = 0;
const timer = setInterval(() => {
  ticks += 1;
  console.log(`worker ${process.env.CF_INSTANCE_INDEX ?? "0"}: tick ${ticks}`);
}, 5000);
process.on("SIGTERM", () => clearInterval(timer));
