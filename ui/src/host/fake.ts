export const fakeHost = (_scene: string): never => { throw new Error("later"); };
