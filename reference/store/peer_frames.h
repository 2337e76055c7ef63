// Frames of the peer connections, without I/O.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "reference/store/binary.h"
#include "reference/store/little_endian.h"
#include "reference/store/peers.h"

namespace kp::store {

// Larger than any request; snapshots travel in pieces.
inline constexpr size_t kMaxFrame = 16 << 20;
inline constexpr size_t kBulkPiece = 256 << 10;

inline std::string EncodeFrame(FrameType type, std::string_view payload) {
  std::string frame;
  frame.reserve(payload.size() + 5);
  Append32(frame, static_cast<uint32_t>(payload.size() + 1));
  frame.push_back(static_cast<char>(type));
  frame.append(payload);
  return frame;
}

// Cuts a byte stream into frames.
class FrameReader {
 public:
  // Calls on_frame(type, payload) for each whole frame; it returns false to stop. False when the stream
  // makes no sense or was stopped: the connection is of no more use.
  template <typename OnFrame>
  bool Feed(std::string_view bytes, OnFrame on_frame) {
    if (!buffer_.empty()) {
      buffer_.append(bytes);
      bytes = buffer_;
    }
    while (bytes.size() >= 4) {
      const size_t size = Load32(bytes);
      if (size == 0 || size > kMaxFrame) return false;
      if (bytes.size() < 4 + size) break;
      if (!on_frame(static_cast<FrameType>(bytes[4]), bytes.substr(5, size - 1))) return false;
      bytes.remove_prefix(4 + size);
    }
    std::string rest(bytes);
    buffer_ = std::move(rest);
    return true;
  }

 private:
  std::string buffer_;
};

// The first frame of a connection.
struct PeerHello {
  uint64_t cluster = 0;
  uint64_t from = 0;
  uint64_t to = 0;
  std::string peer_urls;  // comma-separated: a receiver that has not heard of the sender yet dials it there

  std::string Encode() const {
    BinaryWriter out;
    out.Text("kpeer2");
    out.Number(cluster);
    out.Number(from);
    out.Number(to);
    out.Text(peer_urls);
    return std::move(out.bytes());
  }
  static bool Decode(std::string_view bytes, PeerHello& hello) {
    BinaryReader in(bytes);
    const bool named = in.Text() == "kpeer2";
    hello.cluster = in.Number();
    hello.from = in.Number();
    hello.to = in.Number();
    hello.peer_urls = in.Text();
    return named && in.AtEnd();
  }
};

// Why a hello was not accepted.
struct GoAway {
  uint64_t cluster = 0;  // of who refuses
  bool removed = false;  // the sender was a member once
  std::string reason;

  std::string Encode() const {
    BinaryWriter out;
    out.Number(cluster);
    out.Number(removed ? 1 : 0);
    out.Text(reason);
    return std::move(out.bytes());
  }
  static bool Decode(std::string_view bytes, GoAway& message) {
    BinaryReader in(bytes);
    message.cluster = in.Number();
    message.removed = in.Number() != 0;
    message.reason = in.Text();
    return in.AtEnd();
  }
};

// A piece of a bulk transfer. A piece at offset 0 begins a new one.
struct BulkPiece {
  uint64_t offset = 0;
  uint64_t total = 0;
  std::string_view bytes;

  std::string Encode() const {
    BinaryWriter out;
    out.Number(offset);
    out.Number(total);
    out.bytes().append(bytes);
    return std::move(out.bytes());
  }
  static bool Decode(std::string_view payload, BulkPiece& piece) {
    BinaryReader in(payload);
    piece.offset = in.Number();
    piece.total = in.Number();
    piece.bytes = in.rest();
    return in.ok();
  }
};

}  // namespace kp::store
