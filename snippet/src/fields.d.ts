/** Made by the bundler from schema.Fields() and version.txt; see tools/bundle. */
declare module "headwater:fields" {
  /** The snippet's version, sent with every record. */
  export const version: string;
  /** Every URL parameter that is kept, with the length at which its value is cut. */
  export const parameters: Readonly<Record<string, number>>;
  /** The touch's other text fields, likewise: landing_page and referrer. */
  export const pages: Readonly<Record<string, number>>;
  /** The name of such a parameter. dist/hw.d.ts spells them all out. */
  export type Parameter = string;
  /** The name of a hidden field. dist/hw.d.ts spells them all out. */
  export type HiddenField = string;
}
