import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "@remit/testkit";

/** A plain nginx before an upstream: what a proxy in C costs for the same bytes. */
export interface Nginx {
  readonly url: string;
  /** The one process that serves. */
  readonly pid: number;
  stop(): Promise<void>;
}

const PLACES = ["/usr/sbin/nginx", "/usr/bin/nginx", "/usr/local/sbin/nginx"];

/** Starts Debian's nginx with one worker and kept connections; undefined where it is not installed. */
export async function startNginx(upstream: string): Promise<Nginx | undefined> {
  const program = PLACES.find((path) => existsSync(path));
  if (program === undefined || process.platform !== "linux") return undefined;
  const folder = mkdtempSync(join(tmpdir(), "remit-nginx-"));
  const port = freePort();
  const config = join(folder, "nginx.conf");
  writeFileSync(config, configOf(folder, port, new URL(upstream).host));
  const master = spawn(program, ["-p", folder, "-c", config, "-g", "daemon off;"], { stdio: "ignore" });
  const ended = once(master, "exit");
  // the master listens before its worker is there
  await until("nginx serves", async () => (await answers(port)) && workerOf(master.pid ?? 0) !== undefined);
  return {
    url: `http://127.0.0.1:${port}`,
    pid: workerOf(master.pid ?? 0) ?? 0,
    async stop() {
      master.kill("SIGTERM");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const configOf = (folder: string, port: number, upstream: string): string => `
worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 512; }
http {
  access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  upstream desk { server ${upstream}; keepalive 32; }
  server { listen 127.0.0.1:${port}; location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://desk; } }
}
`;

/** A port that was free a moment ago. */
const freePort = (): number =>
  Number(
    execFileSync(process.execPath, [
      "-e",
      `const s=require("node:net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})`,
    ]).toString(),
  );

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const connected = await Promise.race([
    once(socket, "connect").then(() => true),
    once(socket, "close").then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return connected;
}

/** The child of the master process. */
function workerOf(master: number): number | undefined {
  for (const name of readdirSync("/proc").filter((entry) => /^[0-9]+$/.test(entry))) {
    const stat = existsSync(`/proc/${name}/stat`) ? readFileSync(`/proc/${name}/stat`, "utf8") : "";
    if (Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) === master) return Number(name);
  }
  return undefined;
}
