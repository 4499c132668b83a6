// The functions of the core that only compute. The Go test browser/unit_test.go runs them in every engine, in a page of a
// script tag with data-parameters="ref, partner_id".
import { list } from "../src/config";
import { knownID, newID } from "../src/identity";
import { names, pick, queryOf } from "../src/touch";
import { equal, run, Tests } from "./check";

const campaignOf = (href: string) => {
  const found = pick(names, queryOf(href));
  for (const name of names) if (!found[name]) delete found[name];
  return found;
};

const tests: Tests = {
  "queries before fragments"() {
    equal(campaignOf("https://a.example/?utm_source=query#utm_source=fragment&gclid=A"), { utm_source: "query", gclid: "A" });
    equal(campaignOf("https://a.example/#/route?utm_source=x#y"), { utm_source: "x#y" });
    equal(campaignOf("https://a.example/#utm_source=x"), { utm_source: "x" });
    equal(campaignOf("https://a.example/#?utm_source=x"), { utm_source: "x" });
    equal(campaignOf("https://a.example/utm_source=x"), {});
    equal(campaignOf("https://a.example"), {});
  },
  "the first value that is not blank"() {
    equal(campaignOf("/?utm_source=&utm_source=%20&utm_source=b&utm_source=c"), { utm_source: "b" });
    equal(campaignOf("/?utm_source=+#utm_source=f"), { utm_source: "f" });
  },
  "names in any case, values as they are"() {
    equal(campaignOf("/?UTM_Source=LinkedIn&GCLID=AbC&ScCid=Dd"), { utm_source: "LinkedIn", gclid: "AbC", sccid: "Dd" });
    equal(campaignOf("/?utm_source=a%2520b"), { utm_source: "a%20b" }, "a value decoded once");
    equal(campaignOf("/?utm_source=a+b%2Bc"), { utm_source: "a b+c" });
    equal(campaignOf("/?utm_source=%FF%&utm_term=%C3%A4"), { utm_source: "\ufffd%", utm_term: "ä" });
  },
  "custom parameters only where they are named"() {
    equal(campaignOf("/?ref=a&Partner_ID=b&other=c"), { ref: "a", partner_id: "b" });
  },
  "names of prototypes are no parameters"() {
    equal(campaignOf("/?__proto__=1&constructor=2&toString=3&__proto__[utm_source]=4"), {});
    equal(({} as Record<string, unknown>).utm_source, undefined);
  },
  "a touch has every name"() {
    const empty = pick(names);
    equal(Object.keys(empty).length, names.length);
    for (const name of names) equal(empty[name], "", name);
    for (const name of ["touch_id", "occurred_at", "landing_page", "referrer", "utm_source", "utm_id", "li_fat_id", "yclid", "ref"])
      equal(names.includes(name), true, name);
  },
  "pairs of another object"() {
    equal(pick(["a", "b"], { a: "1", c: "3" }), { a: "1", b: "" });
    equal(pick(["a"], Object.create({ a: "inherited" }) as {}), { a: "" });
  },
  "a touch is bounded"() {
    const long = "é".repeat(5000);
    equal(pick(["a"], { a: long }).a.length, 2048);
    const all = pick(names, "utm_source=x&" + names.map((name) => name + "=" + long).join("&"));
    equal(escape(Object.values(all).join("")).length <= 32e3, true, "the size of all together");
  },
  "ids are UUIDv7 and in order"() {
    const before = Date.now();
    const ids = Array.from({ length: 2000 }, newID);
    equal(new Set(ids).size, ids.length, "how many differ");
    for (const id of ids) {
      equal(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), true, id);
      equal(knownID(id), id);
    }
    const time = parseInt(ids[0].slice(0, 13).replace("-", ""), 16);
    equal(time >= before && time <= Date.now(), true, "the time of an id");
    equal(ids[0].slice(0, 13) <= ids[1999].slice(0, 13), true, "the order of ids");
  },
  "what is no id"() {
    for (const text of ["", "x", "0198C5A0-5B7E-7C3A-9D0E-3F2B1A4C5D6E", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e ", "\n0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e",
      "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6", "<script>", "g198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e", "0198c5a0-5b7e-7c3a-9d0e-3f2b1a4c5d6e6e6e"])
      equal(knownID(text), "", text);
  },
  "lists of attributes"() {
    equal(list("a, b  c,,d\n e"), ["a", "b", "c", "d", "e"]);
    equal(list(""), []);
    equal(list("a", "b c"), ["a", "b", "c"]);
  },
};

export const results = run(tests);
export { knownID };
