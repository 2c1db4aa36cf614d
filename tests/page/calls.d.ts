/** What is sent to an address and comes back, by method and address as they are written in a call. */
declare namespace Wire {
  type Paths = import('./generated/paths.js').paths;

  /** An address with anything in the places of its names. */
  type Filled<T extends string> = T extends `${infer A}{${string}}${infer B}` ? `${A}${string}${Filled<B>}` : T;
  type Path<P extends string> = P extends `${infer A}?${string}` ? A : P;
  type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
  type Template<P extends string> = P extends string
    ? { [T in keyof Paths & string]: Same<Filled<T>, Path<P>> extends true ? T : never }[keyof Paths & string]
    : never;
  type Operation<M extends string, P extends string> = Paths[Template<P>] extends infer Item
    ? Item[Lowercase<M> & keyof Item]
    : never;
  type Json<T> = T extends { content: { 'application/json': infer Held } } ? Held : never;
  type Body<M extends string, P extends string> =
    Operation<M, P> extends { requestBody: infer Sent } ? Json<Sent> : undefined;
  type Answer<M extends string, P extends string> =
    Operation<M, P> extends { responses: infer All }
      ? Json<All[(200 | 201) & keyof All]>
      : never;
}
