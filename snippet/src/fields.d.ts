/** Made by the bundler from schema.Fields() and version.txt; see tools/bundle. */
declare module "headwater:fields" {
  /** The snippet's version, sent with every record. */
  export const version: string;
  /** Every URL parameter that is kept, separated by spaces: UTMs first, then click ids. */
  export const parameters: string;
  /** The greatest length of any field of a touch. */
  export const longest: number;
  /** The name of such a parameter. dist/hw.d.ts spells them all out. */
  export type Parameter = string;
  /** The name of a hidden field. dist/hw.d.ts spells them all out. */
  export type HiddenField = string;
}
