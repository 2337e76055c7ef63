#include "reference/raft/node_state.h"

#include <algorithm>
#include <map>
#include <type_traits>

#include "reference/base/check.h"
#include "reference/raft/varint.h"

namespace kp::raft {
namespace {

class Writer {
 public:
  static constexpr bool kReads = false;
  Writer(std::string& out, const Renaming& rename) : out_(out), rename_(rename) {}

  template <typename T>
  void Number(const T& value) {
    AppendVarint(out_, static_cast<uint64_t>(value));
  }
  void Id(NodeId id) { AppendVarint(out_, id == kNoNode ? kNoNode : rename_(id)); }
  void Data(const Buffer& data) { AppendBytes(out_, data ? std::string_view(*data) : std::string_view()); }
  void Ids(const std::set<NodeId>& ids) {
    std::set<NodeId> renamed;
    for (const NodeId id : ids) renamed.insert(rename_(id));
    Number(renamed.size());
    for (const NodeId id : renamed) Number(id);
  }
  template <typename List, typename Each>
  void Items(const List& list, const Each& each) {
    Number(list.size());
    for (const auto& item : list) each(*this, item);
  }
  template <typename Value, typename Each>
  void Map(const std::map<NodeId, Value>& map, const Each& each) {
    std::map<NodeId, std::string> renamed;
    for (const auto& [id, value] : map) {
      Writer writer(renamed[rename_(id)], rename_);
      each(writer, value);
    }
    Number(renamed.size());
    for (const auto& [id, bytes] : renamed) {
      Number(id);
      out_ += bytes;
    }
  }

 private:
  std::string& out_;
  const Renaming& rename_;
};

class Reader {
 public:
  static constexpr bool kReads = true;
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <typename T>
  void Number(T& value) {
    const auto number = ConsumeVarint(bytes_);
    CHECK(number.has_value()) << "state cut short";
    value = static_cast<T>(*number);
  }
  void Id(NodeId& id) { Number(id); }
  void Data(Buffer& data) {
    const auto bytes = ConsumeBytes(bytes_);
    CHECK(bytes.has_value()) << "state cut short";
    data = bytes->empty() ? nullptr : MakeBuffer(std::string(*bytes));
  }
  void Ids(std::set<NodeId>& ids) {
    ids.clear();
    for (size_t count = Count(); count > 0; --count) ids.insert(Count());
  }
  template <typename List, typename Each>
  void Items(List& list, const Each& each) {
    list.clear();
    for (size_t count = Count(); count > 0; --count) each(*this, list.emplace_back());
  }
  template <typename Value, typename Each>
  void Map(std::map<NodeId, Value>& map, const Each& each) {
    map.clear();
    for (size_t count = Count(); count > 0; --count) {
      const NodeId id = Count();
      if constexpr (std::is_default_constructible_v<Value>) {
        each(*this, map[id]);
      } else {
        each(*this, map.emplace(id, Value(1, Inflights(1, 1))).first->second);
      }
    }
  }
  std::string_view rest() const { return bytes_; }

 private:
  size_t Count() {
    size_t count = 0;
    Number(count);
    return count;
  }
  std::string_view bytes_;
};

void VisitEntry(auto& archive, auto& entry) {
  archive.Number(entry.term);
  archive.Number(entry.index);
  archive.Number(entry.type);
  archive.Data(entry.data);
}

void VisitConfiguration(auto& archive, auto& configuration) {
  archive.Ids(configuration.voters);
  archive.Ids(configuration.outgoing);
  archive.Ids(configuration.learners);
  archive.Ids(configuration.learners_next);
  archive.Number(configuration.auto_leave);
}

// Only between turns, when these have been handed out.
void VisitMessage(auto& archive, auto& message) {
  archive.Number(message.type);
  archive.Id(message.from);
  archive.Id(message.to);
  for (auto* number : {&message.term, &message.index, &message.log_term, &message.hint, &message.commit}) {
    archive.Number(*number);
  }
  archive.Number(message.reject);
  archive.Number(message.forced);
  archive.Number(message.context);
  archive.Items(message.entries, [](auto& inner, auto& entry) { VisitEntry(inner, entry); });
}

}  // namespace

// One listing of the fields, for both directions.
class StateVisitor {
 public:
  static void VisitLog(auto& archive, auto& log) {
    archive.Number(log.offset_);
    archive.Number(log.offset_term_);
    archive.Items(log.entries_, [](auto& inner, auto& entry) { VisitEntry(inner, entry); });
    for (auto* index : {&log.commit_, &log.applying_, &log.applied_, &log.written_, &log.stable_}) {
      archive.Number(*index);
    }
  }

  static void VisitProgress(auto& archive, auto& progress) {
    archive.Number(progress.state);
    for (auto* index : {&progress.match, &progress.next, &progress.sent_commit, &progress.pending_snapshot}) {
      archive.Number(*index);
    }
    archive.Number(progress.probe_sent);
    // Whom the leader has heard lately depends on time: everybody, for an explorer.
    if constexpr (std::remove_reference_t<decltype(archive)>::kReads) progress.recent_active = true;
    archive.Number(progress.read_round);
    auto& inflights = progress.inflights;
    archive.Number(inflights.max_messages_);
    archive.Number(inflights.max_bytes_);
    archive.Number(inflights.bytes_);
    archive.Items(inflights.sent_, [](auto& inner, auto& sent) {
      inner.Number(sent.last);
      inner.Number(sent.bytes);
    });
  }

  static void VisitNode(auto& archive, auto& node) {
    VisitLog(archive, node.log_);
    VisitConfiguration(archive, node.configuration_);
    archive.Number(node.term_);
    archive.Id(node.vote_);
    archive.Id(node.leader_);
    archive.Number(node.role_);
    archive.Map(node.votes_, [](auto& inner, auto& granted) { inner.Number(granted); });
    archive.Map(node.progress_, [](auto& inner, auto& progress) { VisitProgress(inner, progress); });
    archive.Id(node.transferee_);
    archive.Number(node.pending_change_);
    archive.Number(node.uncommitted_bytes_);
    archive.Number(node.lost_log_);
    VisitReads(archive, node);
    VisitDisk(archive, node);
  }

  static void VisitReads(auto& archive, auto& node) {
    const auto each = [](auto& inner, auto& read) {
      inner.Id(read.from);
      inner.Number(read.context);
      inner.Number(read.index);
      inner.Number(read.round);
    };
    archive.Items(node.reads_before_commit_, each);
    archive.Items(node.reads_next_round_, each);
    archive.Items(node.reads_in_round_, each);
    archive.Number(node.read_round_);
  }

  static void VisitDisk(auto& archive, auto& node) {
    archive.Items(node.messages_when_durable_, [](auto& inner, auto& message) { VisitMessage(inner, message); });
    archive.Items(node.appends_, [](auto& inner, auto& append) {
      inner.Number(append.last);
      inner.Items(append.after, [](auto& innermost, auto& message) { VisitMessage(innermost, message); });
    });
    // Where nothing has been written yet, the first write is due.
    bool written = node.written_hard_state_.has_value();
    archive.Number(written);
    if (written) VisitWritten(archive, node);
  }

  static void VisitWritten(auto& archive, auto& node) {
    if constexpr (std::remove_reference_t<decltype(archive)>::kReads) node.written_hard_state_.emplace();
    archive.Number(node.written_hard_state_->term);
    archive.Id(node.written_hard_state_->vote);
  }

  static void CheckBetweenTurns(const Node& node) {
    CHECK(node.messages_.empty() && node.read_states_.empty() && node.lost_reads_.empty()) << "output not taken";
    CHECK(!node.snapshot_ && node.installing_ == 0) << "states with snapshots on their way are not encoded";
    CHECK(node.forwarded_reads_.empty()) << "states with forwarded reads are not encoded";
  }

  // Numbers of writes only have to ascend.
  static void RenumberWrites(Node& node) {
    node.last_append_id_ = node.appends_.size();
    for (size_t i = 0; i < node.appends_.size(); ++i) node.appends_[i].id = i + 1;
    node.reported_soft_state_ = {node.leader_, node.role_};
  }
};

std::string EncodeState(const Node& node, const Renaming& rename) {
  StateVisitor::CheckBetweenTurns(node);
  std::string out;
  Writer writer(out, rename);
  StateVisitor::VisitNode(writer, node);
  return out;
}

Node DecodeState(const Options& options, std::string_view bytes) {
  Node node(options, Random(1), Recovered());
  Reader reader(bytes);
  StateVisitor::VisitNode(reader, node);
  CHECK(reader.rest().empty()) << "state too long";
  StateVisitor::RenumberWrites(node);
  return node;
}

void EncodeEntries(std::string& out, const std::vector<Entry>& entries) {
  const Renaming same = [](NodeId id) { return id; };
  Writer writer(out, same);
  writer.Items(entries, [](auto& inner, auto& entry) { VisitEntry(inner, entry); });
}

std::vector<Entry> DecodeEntries(std::string_view& bytes) {
  std::vector<Entry> entries;
  Reader reader(bytes);
  reader.Items(entries, [](auto& inner, auto& entry) { VisitEntry(inner, entry); });
  bytes = reader.rest();
  return entries;
}

}  // namespace kp::raft
