// Somebody between the journal and its server, who cuts the connection at a chosen moment of a commit.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace heed::test {

class CuttingProxy {
public:
  /// Listens in `folder` and passes everything on to the socket `server`.
  CuttingProxy(const std::string& folder, std::string server);
  ~CuttingProxy();
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  enum class Moment { never, before_request, after_request, before_reply };
  /// The next commit is cut at that moment: its request does not arrive; its request arrives and nobody waits; its
  /// reply was sent and does not arrive. `for_good`: no new connection comes through afterwards, until mend().
  void cut_next_commit(Moment moment, bool for_good = false);
  void mend() { closed_ = false; }
  bool has_cut() const { return moment_ == Moment::never; }

private:
  struct Line {
    int client = -1, server = -1;
    bool swallow = false;  // the reply to the commit
  };
  void serve();
  void accept_one();
  bool from_client(Line& line);
  bool from_server(Line& line);

  const std::string server_;
  int listener_ = -1;
  std::vector<Line> lines_;
  std::atomic<Moment> moment_{Moment::never};
  std::atomic<bool> for_good_{false}, closed_{false}, stop_{false};
  std::thread thread_;
};

}  // namespace heed::test
