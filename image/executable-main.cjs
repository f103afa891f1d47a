// What Node runs inside of an executable: the bundle, with the code that V8 compiled of it while the executable was built.
const { getRawAsset } = require("node:sea");
const { Script } = require("node:vm");

// The bundle is ASCII, and V8 keeps Latin-1 as it is.
const source = Buffer.from(getRawAsset("bundle")).latin1Slice();
const cachedData = Buffer.from(getRawAsset("code-cache"));
const script = new Script(source, { filename: "bundle.cjs", cachedData });
script.runInThisContext()(exports, require, module);
