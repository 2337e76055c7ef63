// Any bytes to a server that answers each request: it never crashes and always says goodbye.
#include <cstddef>
#include <cstdint>

#include "reference/base/check.h"
#include "reference/wire/http2.h"

namespace {

struct Server : kp::wire::Http2Events {
  Server() : session(kp::wire::Http2Session::Role::kServer, {.header_bytes = 2048}, this) {}
  void OnHead(int32_t stream, kp::wire::Http2Head) override {
    session.SubmitResponse(stream, 200, {{"content-type", "text/plain"}}, false);
    session.SubmitData(stream, kp::wire::Share(std::string(100, 'x')));
  }
  void OnData(int32_t, std::string_view) override {}
  void OnTrailers(int32_t, kp::wire::Headers) override {}
  void OnEnd(int32_t stream) override {
    session.SubmitTrailers(stream, std::make_shared<kp::wire::Headers>(kp::wire::Headers{{"grpc-status", "0"}}));
  }
  void OnStreamClosed(int32_t stream, uint32_t) override { CHECK_EQ(session.BufferedBytes(stream), 0u); }
  kp::wire::Http2Session session;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Server server;
  std::string out;
  kp::Status status = server.session.Receive("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kp::Time());
  const size_t step = size ? 1 + data[0] : 1;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  while (status.ok() && bytes.size() > 1) {
    bytes.remove_prefix(1);
    const std::string_view piece = bytes.substr(0, step);
    status = server.session.Receive(piece, kp::Time());
    bytes.remove_prefix(piece.size());
    server.session.Pull(1 << 20, &out);
  }
  server.session.Pull(1 << 20, &out);
  CHECK(!out.empty());
  return 0;
}
