import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, type Program, remit, startProgram } from "@remit/testkit";
import { testWorld, type World } from "../world.ts";

/** A package as its author has it on disk. */
export type Manifest = Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };

/** A world with a registry in it, and npm as it is. */
export interface NpmWorld extends AsyncDisposable {
  readonly world: World;
  readonly registry: string;
  /** The account's own token, which programs under `remit run` never see. */
  readonly token: string;
  /** Writes a package, and returns its folder. */
  author(folder: string, manifest: Manifest): string;
  /** Runs npm with the account's own token. */
  direct(cwd: string, ...args: readonly string[]): Promise<Ended>;
  /** Runs shell lines in a folder under `remit run` for one package. */
  under(policy: string, name: string, cwd: string, lines: string): Promise<Ended>;
  /** What the registry says of a package. */
  packument(name: string): Promise<Packument>;
  /** Writes that the registry received. */
  writes(): readonly string[];
}

export interface Packument {
  readonly "dist-tags": Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const policy = (name: string, identifier: string, where: string): string => `policy: ${name}
actor: { client: coding-agent }
subject: { issuer: login, claims: { groups: support } }
rights: service
may:
  - type: npm.package
    identifier: "${identifier}"
    actions: [read, publish]
    fields: { read: [versions, dist-tags], write: [] }
    where: { publish: ${where} }
limits:
  task: { duration: 1h, depth: 0 }
  grant: { uses: 50 }
  each: { per: [actor, subject], tasks: { live: 20 } }
approval: none
`;

const EXACTLY = "{ /version: { exact: 1.2.3 }, /tag: { exact: next } }";

function withRegistry(config: string): void {
  writeFileSync(join(config, "resources", "npm.yaml"), "resource: npm\nconnector: npm\nconnection: npm\n");
  writeFileSync(join(config, "policies", "scoped.yaml"), policy("scoped", "@acme/thing", EXACTLY));
  writeFileSync(join(config, "policies", "plain.yaml"), policy("plain", "thing", EXACTLY));
  writeFileSync(join(config, "policies", "forged.yaml"), policy("forged", "@acme/forged", EXACTLY));
}

/** Starts a registry, and Remit with a connection to it. Version 1.0.0 of each package is there. */
export async function npmWorld(): Promise<NpmWorld> {
  const world = await testWorld(withRegistry);
  const at = join(world.folder, "registry");
  const registry = await startProgram(fileURLToPath(new URL("registry.ts", import.meta.url)), ["--data", at], {
    log: join(world.folder, "registry.log"),
  });
  const npm = npmOf(world, registry, at);
  const token = readFileSync(join(at, "token"), "utf8");
  const where = [
    "--data",
    world.data,
    "--connector",
    "npm",
    "--origin",
    registry.text("registry"),
    "--insecure-loopback",
  ];
  const input = token;
  done(await remit(["connect", "npm", ...where, "--form", "bearer"], { env: world.env, input }));
  for (const name of ["@acme/thing", "@acme/forged", "thing"])
    done(await npm.direct(npm.author(`first-${name.replace("/", "-")}`, { name, version: "1.0.0" }), "publish"));
  return npm;
}

function npmOf(world: World & AsyncDisposable, registry: Program, at: string): NpmWorld {
  const url = registry.text("registry");
  const token = readFileSync(join(at, "token"), "utf8");
  const home = join(world.folder, "author");
  mkdirSync(home);
  const own = join(home, "npmrc");
  writeFileSync(own, `registry=${url}/\n//${new URL(url).host}/:_authToken=${token}\n`);
  const env = { PATH: process.env["PATH"] ?? "", HOME: home, NPM_CONFIG_CACHE: join(home, "cache") };
  return {
    ...{ world, registry: url, token },
    author(folder, manifest) {
      const path = join(world.folder, "packages", folder);
      mkdirSync(path, { recursive: true });
      writeFileSync(join(path, "package.json"), JSON.stringify(manifest, undefined, 2));
      writeFileSync(join(path, "README.md"), `# ${manifest.name}\n`);
      writeFileSync(join(path, "index.js"), "module.exports = 1;\n");
      return path;
    },
    direct: async (cwd, ...args) => run(["npm", ...args], cwd, { ...env, NPM_CONFIG_USERCONFIG: own }),
    async under(policyName, name, cwd, lines) {
      const remitRun = ["run", "--data", world.data, "--policy", policyName, "--on", `npm:${name}`];
      return remit([...remitRun, "--", "sh", "-c", `cd '${cwd}'\n${lines}`], { env: { ...world.env, ...env } });
    },
    async packument(name) {
      const answer = await fetch(`${url}/${name.replace("/", "%2f")}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return (await answer.json()) as Packument;
    },
    writes: () =>
      readFileSync(join(at, "received.log"), "utf8")
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("GET ")),
    async [Symbol.asyncDispose]() {
      await registry.stop();
      await world[Symbol.asyncDispose]();
    },
  };
}

async function run(command: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const heard = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (heard.stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (heard.stderr += chunk.toString()));
  const [code] = await once(child, "close");
  return { code: typeof code === "number" ? code : 1, ...heard };
}

function done({ code, stdout, stderr }: Ended): void {
  if (code !== 0) throw new Error(`a command ended with exit code ${code}: ${stderr}${stdout}`);
}
