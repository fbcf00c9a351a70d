declare module "virtual:licences" {
  const text: string;
  export default text;
}
declare module "virtual:privacy" {
  /** HTML, by language. */
  const notice: Record<import("./generated/api").Language, string>;
  export default notice;
}
