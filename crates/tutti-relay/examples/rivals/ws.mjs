// Node's `ws` as a hub of the same rooms as bare.rs: a path is a room, and each frame goes to everybody in it, the sender too.
//
// As its documentation has it for a broadcast, with defaults: no compression, pongs by itself, one send for each client.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
const rooms = new Map();

server.on("connection", (socket, request) => {
  const members = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, members.add(socket));
  socket.on("message", (data) => {
    for (const member of members) member.send(data, { binary: false });
  });
  socket.on("close", () => members.delete(socket));
  // Who breaks off is closed next.
  socket.on("error", () => {});
});

server.on("listening", () => console.log(`ws://127.0.0.1:${server.address().port}`));
