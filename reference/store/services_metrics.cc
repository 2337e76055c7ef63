#include <cstdio>
#include <map>

#include "reference/store/file_names.h"
#include "reference/store/process_stats.h"
#include "reference/store/services.h"

namespace kp::store {
namespace {

// The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).
class Page {
 public:
  void Gauge(std::string_view name, uint64_t value, std::string_view labels = "") { Add("gauge", name, value, labels); }
  void Counter(std::string_view name, uint64_t value) { Add("counter", name, value, ""); }
  void Seconds(std::string_view type, std::string_view name, double value) {
    char number[32];
    std::snprintf(number, sizeof(number), "%.2f", value);
    Line(type, name, "", number);
  }
  void PerPeer(const std::string& name, const std::string& label, const std::map<uint64_t, uint64_t>& values) {
    if (!values.empty()) text_ += "# TYPE " + name + " counter\n";
    for (const auto& [peer, value] : values) {
      text_ += name + "{" + label + "=\"" + HexName(peer) + "\"} " + std::to_string(value) + "\n";
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  void Add(std::string_view type, std::string_view name, uint64_t value, std::string_view labels) {
    Line(type, name, labels, std::to_string(value));
  }
  void Line(std::string_view type, std::string_view name, std::string_view labels, const std::string& value) {
    text_ += "# TYPE " + std::string(name) + " " + std::string(type) + "\n" + std::string(name);
    if (!labels.empty()) text_ += "{" + std::string(labels) + "}";
    text_ += " " + value + "\n";
  }
  std::string text_;
};

void AddServer(Page& page, const Member& member) {
  const MemberCounters& counters = member.counters();
  page.Gauge("etcd_server_id", 1, "server_id=\"" + HexName(member.options().self) + "\"");
  page.Gauge("etcd_server_version", 1, "server_version=\"" + std::string(kApiVersion) + "\"");
  page.Gauge("etcd_cluster_version", 1, "cluster_version=\"3.4\"");
  page.Gauge("etcd_server_has_leader", member.has_leader() ? 1 : 0);
  page.Gauge("etcd_server_is_leader", member.is_leader() ? 1 : 0);
  page.Gauge("etcd_server_is_learner", member.is_learner() ? 1 : 0);
  page.Counter("etcd_server_leader_changes_seen_total", counters.leader_changes);
  page.Gauge("etcd_server_proposals_committed_total", member.raft().log().commit());
  page.Gauge("etcd_server_proposals_applied_total", member.applied_index());
  page.Gauge("etcd_server_proposals_pending", member.pending_proposals());
  page.Counter("etcd_server_proposals_failed_total", counters.proposals_failed);
  page.Gauge("etcd_server_quota_backend_bytes", static_cast<uint64_t>(member.options().quota_bytes));
}

void AddStore(Page& page, const Member& member) {
  const Mvcc& store = member.store();
  const MemberCounters& counters = member.counters();
  page.Counter("etcd_mvcc_put_total", counters.puts);
  page.Gauge("etcd_mvcc_db_total_size_in_bytes", static_cast<uint64_t>(store.size_bytes()));
  page.Gauge("etcd_mvcc_db_total_size_in_use_in_bytes", static_cast<uint64_t>(store.size_in_use_bytes()));
  page.Gauge("etcd_debugging_mvcc_keys_total", store.keys());
  page.Gauge("etcd_debugging_mvcc_watch_stream_total", member.hub().streams());
  page.Gauge("etcd_debugging_mvcc_watcher_total", member.hub().watchers());
  page.Gauge("etcd_debugging_mvcc_slow_watcher_total", member.hub().unsynced());
  page.Counter("etcd_debugging_mvcc_events_total", member.hub().sent_events());
  page.Gauge("etcd_debugging_mvcc_current_revision", static_cast<uint64_t>(store.revision()));
  page.Gauge("etcd_debugging_mvcc_compact_revision",
             static_cast<uint64_t>(store.compacted() < 0 ? 0 : store.compacted()));
  page.PerPeer("etcd_network_peer_sent_bytes_total", "To", member.peers().sent_bytes());
  page.PerPeer("etcd_network_peer_received_bytes_total", "From", member.peers().received_bytes());
  page.Gauge("etcd_disk_wal_write_bytes_total", member.wal().written_bytes());
  page.Counter("kubeproof_store_wal_syncs_total", member.wal().syncs());
  page.Counter("kubeproof_store_wal_written_bytes_total", member.wal().written_bytes());
  page.Counter("kubeproof_store_proposals_total", counters.proposals);
  page.Counter("kubeproof_store_linearizable_reads_total", counters.reads);
  page.Counter("kubeproof_store_read_rounds_total", counters.read_rounds);
  page.Counter("kubeproof_store_snapshots_total", counters.snapshots);
}

void AddProcess(Page& page, const ProcessStats& stats) {
  page.Seconds("counter", "process_cpu_seconds_total", stats.cpu_seconds);
  page.Gauge("process_resident_memory_bytes", stats.resident_bytes);
  page.Gauge("process_virtual_memory_bytes", stats.virtual_bytes);
  page.Gauge("process_open_fds", stats.open_files);
  page.Gauge("process_max_fds", stats.most_files);
}

}  // namespace

// Names are etcd's where it has the same thing.
std::string Services::Metrics() const {
  Page page;
  AddServer(page, member_);
  AddStore(page, member_);
  if (const auto stats = ReadProcessStats(env_.disk())) AddProcess(page, *stats);
  return page.Take();
}

}  // namespace kp::store
