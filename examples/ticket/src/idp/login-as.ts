/** Does what a person's browser does at the login page: opens it, types a name, follows redirects with cookies, and ends at the loopback redirect. */
export async function loginAs(authorizationUrl: string, name: string): Promise<URL> {
  const jar = new Map<string, string>();
  const origin = new URL(authorizationUrl).origin;
  let next = new URL(authorizationUrl);
  let form: string | undefined;
  for (let steps = 0; steps < 12; steps++) {
    const response = await fetch(next, {
      method: form === undefined ? "GET" : "POST",
      redirect: "manual",
      headers: {
        cookie: [...jar].map(([key, value]) => `${key}=${value}`).join("; "),
        ...(form === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
      },
      ...(form === undefined ? {} : { body: form }),
    });
    for (const cookie of response.headers.getSetCookie()) keepCookie(jar, cookie);
    const page = await response.text();
    form = undefined;
    const location = response.headers.get("location");
    if (location !== null) {
      next = new URL(location, next);
      if (next.origin === origin) continue;
      await fetch(next).then(async (arrived) => arrived.arrayBuffer());
      return next;
    }
    const action = /<form method="post" action="([^"]+)"/.exec(page)?.[1];
    if (action === undefined) throw new Error(`the login stopped at ${next.pathname} with status ${response.status}`);
    next = new URL(action, next);
    form = new URLSearchParams({ login: name }).toString();
  }
  throw new Error("the login goes round in circles");
}

function keepCookie(jar: Map<string, string>, cookie: string): void {
  const [pair = ""] = cookie.split(";");
  const at = pair.indexOf("=");
  const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
  if (value === "" || /expires=Thu, 01 Jan 1970/i.test(cookie)) jar.delete(name);
  else jar.set(name, value);
}
