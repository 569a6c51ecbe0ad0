// A trading client on the QuickFIX C++ engine, an implementation that shares no
// code with the gateway. It validates everything it receives against the stock
// FIX 4.4 dictionary, sends a seeded mix of orders, cancels, replaces, status
// and quote requests, and checks that each gets exactly one answer. 150=A is
// none: the order is held, and 150=0 or 150=8 follows.
//
//   client HOST PORT SENDER TARGET USER PASSWORD DICTIONARY SYMBOL TICK LOT ORDERS SEED STOREDIR
//
// It prints one JSON line and ends with 0 if every check held, 1 if one did not,
// 2 on usage, 3 if the session was never established.
#include <quickfix/Application.h>
#include <quickfix/FileStore.h>
#include <quickfix/Log.h>
#include <quickfix/MessageStore.h>
#include <quickfix/NullStore.h>
#include <quickfix/Session.h>
#include <quickfix/SessionSettings.h>
#include <quickfix/SocketInitiator.h>
#include <quickfix/fix44/QuoteRequest.h>

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

const int kWindow = 64;                               // requests unanswered at once
const auto kAnswerMax = std::chrono::seconds(30);     // for any one answer

struct Order {
  std::string side, type;
  int answers = 0;   // 150=0, 150=8 or 150=I: exactly one
  int terminal = 0;  // states 2, 4, 8, C reached: exactly one
  double price = 0;
  bool working = false;
  bool fok = false;
  bool held = false, owed = false;  // it was held; accepted after that, and not filled yet
  std::string state;                // 39 of the last report
};

class Client : public FIX::Application {
 public:
  Client(std::string user, std::string password) : user_(std::move(user)), password_(std::move(password)) {}

  void onCreate(const FIX::SessionID&) override {}
  void onLogon(const FIX::SessionID& id) override { set([&] { session_ = id; up_ = true; }); }
  void onLogout(const FIX::SessionID&) override { set([&] { up_ = false; }); }
  void toAdmin(FIX::Message& m, const FIX::SessionID&) override {
    FIX::MsgType type;
    m.getHeader().getField(type);
    if (type == FIX::MsgType_Logon) {
      m.setField(FIX::Username(user_));
      m.setField(FIX::Password(password_));
    }
    if (type == FIX::MsgType_Reject) set([&] { fail("we rejected: " + m.toString()); });
  }
  void toApp(FIX::Message&, const FIX::SessionID&) throw(FIX::DoNotSend) override {}
  void fromAdmin(const FIX::Message& m, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                     FIX::IncorrectTagValue, FIX::RejectLogon) override {
    FIX::MsgType type;
    m.getHeader().getField(type);
    if (type == FIX::MsgType_Reject) set([&] { fail("we were rejected: " + m.toString()); });
  }
  void fromApp(const FIX::Message& m, const FIX::SessionID&) throw(FIX::FieldNotFound, FIX::IncorrectDataFormat,
                                                                   FIX::IncorrectTagValue,
                                                                   FIX::UnsupportedMessageType) override {
    FIX::MsgType type;
    m.getHeader().getField(type);
    set([&] { received(type.getValue(), m); });
  }

  bool waitUp() { return waitFor([&] { return up_; }); }

  // run sends the mix and waits for every answer.
  bool run(const std::string& symbol, double tick, double lot, int orders, unsigned seed) {
    symbol_ = symbol; tick_ = tick; lot_ = lot; random_.seed(seed);
    if (!subscribe()) return false;
    for (int i = 0; i < orders; i++) {
      if (!waitFor([&] { return open_ < kWindow; })) return stuck();
      if (!one(i)) return false;
    }
    cancelAll();
    if (!waitFor([&] { return open_ == 0 && working_ == 0; })) return stuck();
    std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& o : orders_) {
      if (o.second.answers != 1) fail(o.first + " has " + std::to_string(o.second.answers) + " answers");
      if (o.second.terminal != 1) fail(o.first + " has " + std::to_string(o.second.terminal) + " ends");
    }
    return failures_.empty();
  }

  std::string report() {
    std::lock_guard<std::mutex> lock(mutex_);
    std::ostringstream s;
    s << "{\"orders\":" << orders_.size() << ",\"accepted\":" << accepted_ << ",\"rejected\":" << rejected_
      << ",\"fills\":" << fills_ << ",\"canceled\":" << canceled_ << ",\"replaced\":" << replaced_
      << ",\"cancel_rejected\":" << cancelRejected_ << ",\"statuses\":" << statuses_ << ",\"quotes\":" << quotes_
      << ",\"quote_rejects\":" << quoteRejects_ << ",\"market_data\":" << marketData_
      << ",\"held\":" << held_ << ",\"held_too_late\":" << heldTooLate_
      << ",\"exec_ids\":" << execIDs_.size() << ",\"failures\":[";
    for (size_t i = 0; i < failures_.size(); i++) s << (i ? "," : "") << quoted(failures_[i]);
    s << "]}";
    return s.str();
  }

  void logout() {
    FIX::Session* s = FIX::Session::lookupSession(session_);
    if (s) s->logout();
    waitFor([&] { return !up_; });
  }

 private:
  template <class F> void set(F f) {
    std::lock_guard<std::mutex> lock(mutex_);
    f();
    changed_.notify_all();
  }
  template <class F> bool waitFor(F f) {
    std::unique_lock<std::mutex> lock(mutex_);
    return changed_.wait_for(lock, kAnswerMax, f);
  }
  bool stuck() {
    set([&] {
      std::ostringstream s;
      s << "no answer within 30 s: " << open_ << " requests open, " << working_ << " orders working:";
      int n = 0;
      for (const auto& id : pending_) if (n++ < 5) s << " " << id;
      fail(s.str());
    });
    return false;
  }
  // fail is called with the mutex held; the first hundred are kept.
  void fail(const std::string& what) { if (failures_.size() < 100) failures_.push_back(what); }

  static std::string quoted(const std::string& s) {
    std::string out = "\"";
    for (unsigned char c : s) {
      if (c == '"' || c == '\\') { out += '\\'; out += c; }
      else if (c < 0x20) out += '|';
      else out += c;
    }
    return out + "\"";
  }
  static std::string get(const FIX::FieldMap& m, int tag) { return m.isSetField(tag) ? m.getField(tag) : ""; }

  void received(const std::string& type, const FIX::Message& m) {
    if (type == "8") return execution(m);
    if (type == "9") { cancelRejected_++; tooLate(m); closed(get(m, 11)); return; }
    if (type == "S") { quotes_++; lastQuote_ = m; haveQuote_ = true; closed(get(m, 131)); return; }
    if (type == "AG") { quoteRejects_++; closed(get(m, 131)); return; }
    if (type == "W" || type == "X") { book(type, m); return; }
    if (type == "j" || type == "Y") { fail("unexpected answer: " + m.toString()); return; }
  }

  void closed(const std::string& id) {
    if (pending_.erase(id)) open_--;
    else fail("answer to no open request: " + id);
  }

  // book keeps the best bid and ask with their ids.
  void book(const std::string& type, const FIX::Message& m) {
    marketData_++;
    int n = std::atoi(get(m, 268).c_str());
    if (type == "W") bid_.clear(), ask_.clear();
    for (int i = 1; i <= n; i++) {
      FIX::Group g(268, type == "W" ? 269 : 279);
      m.getGroup(i, g);
      std::string kind = get(g, 269);
      if (kind != "0" && kind != "1") continue;
      if (!get(g, 290).empty() && get(g, 290) != "1") continue;
      auto& side = kind == "0" ? bid_ : ask_;
      if (type == "X" && get(g, 279) == "2") side.clear();
      else side = {get(g, 270), get(g, 271), get(g, 299)};
    }
  }

  void execution(const FIX::Message& m) {
    std::string kind = get(m, 150), id = get(m, 11), state = get(m, 39), orig = get(m, 41);
    if (!execIDs_.insert(get(m, 17)).second) fail("ExecID twice: " + m.toString());
    if (kind == "I") { statuses_++; closed("H" + root(id)); return; }
    auto it = orders_.find(orig.empty() ? id : root(orig));
    if (it == orders_.end()) it = orders_.find(root(id));
    if (it == orders_.end()) { fail("report for no order of ours: " + m.toString()); return; }
    Order& o = it->second;
    if (!(kind == "8" && get(m, 103) == "6")) o.state = state;
    std::string text = get(m, 58), token = text.substr(0, text.find(' '));
    bool looked = token == "LAST_LOOK_ACCEPTED" || token == "LAST_LOOK_IMPROVED" || token == "LAST_LOOK_CURRENT";
    if (kind == "A") {
      held_++;
      if (o.held || o.working || o.answers || o.terminal || state != "A") fail("held after a report: " + m.toString());
      o.held = true;
    }
    if (kind == "0") {
      if (o.answers || looked != o.held) fail("150=0 does not fit the hold: " + m.toString());
      o.owed = o.held;
    }
    if (kind == "0") { o.answers++; accepted_++; closed(id); o.working = true; working_++; }
    if (kind == "8") {
      rejected_++;
      if (get(m, 103) == "6") { duplicates_++; closed("dup" + id); return; }
      if (o.held && token != "LAST_LOOK_PRICE" && token != "LAST_LOOK_VALIDITY") fail("not a refusal of a held order: " + m.toString());
      if (o.answers) fail("reject after an answer: " + m.toString());
      o.answers++; closed(id);
      if (o.working) fail("reject after accept: " + m.toString());
    }
    if (kind == "F") { fills_++; if (!o.working) fail("fill without 150=0: " + m.toString()); o.owed = false; }
    if (kind == "4" && o.owed && !o.fok) fail("accepted after a hold and canceled without a fill: " + m.toString());
    if (kind == "4") { canceled_++; if (!orig.empty()) closed(id); }
    if (kind == "5") { replaced_++; chain_[id] = it->first; latest_[it->first] = id; closed(id); }
    if (state == "2" || state == "4" || state == "8" || state == "C") {
      o.terminal++;
      if (o.working) { o.working = false; working_--; }
      if (std::atof(get(m, 151).c_str()) != 0) fail("LeavesQty at the end: " + m.toString());
    }
    double cum = std::atof(get(m, 14).c_str()), leaves = std::atof(get(m, 151).c_str()), qty = std::atof(get(m, 38).c_str());
    if (o.working && std::fabs(qty - cum - leaves) > 1e-9) fail("38 is not 14 + 151: " + m.toString());
  }

  // tooLate takes a 9, which tells the state that the reports before it told. What
  // is held or has ended can be neither canceled nor replaced.
  void tooLate(const FIX::Message& m) {
    auto it = orders_.find(root(get(m, 41)));
    if (it == orders_.end() || it->second.state.empty()) return;
    std::string state = get(m, 39);
    if (state != it->second.state) fail("OrdStatus is not " + it->second.state + ": " + m.toString());
    if (state == "A") heldTooLate_++;
    if ((state == "A" || state == "2" || state == "4" || state == "8") && get(m, 102) != "0") fail("102 is not 0: " + m.toString());
  }

  std::string root(const std::string& id) const {
    auto it = chain_.find(id);
    return it == chain_.end() ? id : it->second;
  }

  bool subscribe() {
    FIX::Message v;
    v.getHeader().setField(FIX::MsgType("V"));
    v.setField(262, "MD"); v.setField(263, "1"); v.setField(264, "1"); v.setField(265, "1");
    for (const char* kind : {"0", "1"}) {
      FIX::Group g(267, 269);
      g.setField(269, kind);
      v.addGroup(g);
    }
    FIX::Group s(146, 55);
    s.setField(55, symbol_);
    v.addGroup(s);
    send(v);
    if (!waitFor([&] { return bid_.size() == 3 && ask_.size() == 3; })) {
      set([&] { fail("no two-sided market data within 30 s"); });
      return false;
    }
    return true;
  }

  static std::string now() {
    auto t = std::chrono::system_clock::now();
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
    std::time_t s = ms / 1000;
    std::tm tm;
    gmtime_r(&s, &tm);
    char buf[40];
    std::snprintf(buf, sizeof buf, "%04d%02d%02d-%02d:%02d:%02d.%03d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min, tm.tm_sec, int(ms % 1000));
    return buf;
  }
  static std::string number(double v) {
    char buf[40];
    std::snprintf(buf, sizeof buf, "%.9f", v);
    std::string s = buf;
    while (s.back() == '0') s.pop_back();
    if (s.back() == '.') s.pop_back();
    return s;
  }
  void send(FIX::Message& m) { FIX::Session::sendToTarget(m, session_); }
  // request notes an id as open before its message leaves.
  void request(const std::string& id) { set([&] { pending_.insert(id); open_++; }); }
  int pick(int n) { return int(random_() % unsigned(n)); }

  void place(const std::string& id, const std::string& side, double qty, const std::string& type, const std::string& price,
             const std::string& tif, const std::string& quote, const std::string& symbol) {
    set([&] { orders_[id].fok = tif == "4"; });
    FIX::Message d;
    d.getHeader().setField(FIX::MsgType("D"));
    d.setField(11, id); d.setField(55, symbol); d.setField(54, side); d.setField(60, now());
    d.setField(38, number(qty)); d.setField(40, type);
    if (!price.empty()) d.setField(44, price);
    if (!tif.empty()) d.setField(59, tif);
    if (!quote.empty()) d.setField(117, quote);
    send(d);
  }
  void fresh(const std::string& id, const std::string& side) {
    set([&] { Order o; o.side = side; orders_[id] = o; pending_.insert(id); open_++; });
  }

  // one sends the i-th request of the mix.
  bool one(int i) {
    std::string id = "C" + std::to_string(seedTag()) + "-" + std::to_string(i);
    std::string side = pick(2) ? "1" : "2";
    std::vector<std::string> level;
    { std::lock_guard<std::mutex> lock(mutex_); level = side == "1" ? ask_ : bid_; }
    if (level.size() != 3) level = {"0", "0", ""};
    double touch = std::atof(level[0].c_str()), qty = lot_ * (1 + pick(5));
    double away = std::round(touch * (side == "1" ? 0.995 : 1.005) / tick_) * tick_;
    double through = std::round(touch * (side == "1" ? 1.002 : 0.998) / tick_) * tick_;
    bool priced = touch > 0;
    switch (pick(15)) {
      case 0: fresh(id, side); place(id, side, qty, "1", "", "3", "", symbol_); break;
      case 1: fresh(id, side); place(id, side, qty, "1", "", "4", "", symbol_); break;
      case 2: fresh(id, side); place(id, side, qty, "2", number(priced ? through : tick_), "3", "", symbol_); break;
      case 3: fresh(id, side); place(id, side, qty, "2", number(priced ? through : tick_), "4", "", symbol_); break;
      case 4: fresh(id, side); place(id, side, qty, "2", number(priced ? away : tick_), "3", "", symbol_); break;
      case 5: case 6: resting(id, side, qty, priced ? away : tick_, i); break;
      case 7: fresh(id, side); place(id, side, lot_, "D", level[0], "4", level[2].empty() ? "none" : level[2], symbol_); break;
      case 8: return rfq(id, side, qty);
      case 9: fresh(id, side); place(id, side, qty, "1", "", "3", "", "NO-SUCH"); break;
      case 10: fresh(id, side); place(id, side, qty + lot_ / 3, "1", "", "3", "", symbol_); break;
      case 11: fresh(id, side); place(id, side, qty, "1", "", "1", "", symbol_); break;
      case 12: fresh(id, side); place(id, side, qty, "D", level[0], "4", "Q0A", symbol_); break;
      case 13: status(id, side); break;
      case 14:  // too late: it deals at once, or is held
        fresh(id, side);
        place(id, side, qty, "1", "", "3", "", symbol_);
        cancel(id, side);
        break;
    }
    return true;
  }
  unsigned seedTag() const { return tag_; }

  // resting places an order away from the market; half of them are replaced,
  // and each is cancelled at the end.
  void resting(const std::string& id, const std::string& side, double qty, double price, int i) {
    fresh(id, side);
    place(id, side, qty, "2", number(price), "1", "", symbol_);
    if (i % 2) return;
    std::string next = id + "r";
    request(next);
    set([&] { chain_[next] = id; });
    FIX::Message g;
    g.getHeader().setField(FIX::MsgType("G"));
    g.setField(41, id); g.setField(11, next); g.setField(55, symbol_); g.setField(54, side); g.setField(60, now());
    g.setField(38, number(qty + lot_)); g.setField(40, "2"); g.setField(44, number(price));
    send(g);
  }

  bool rfq(const std::string& id, const std::string& side, double qty) {
    std::string req = "R" + id;
    set([&] { haveQuote_ = false; pending_.insert(req); open_++; });
    FIX::Message r;
    r.getHeader().setField(FIX::MsgType("R"));
    r.setField(131, req);
    FIX44::QuoteRequest::NoRelatedSym g;  // knows the order of its fields
    g.setField(55, symbol_); g.setField(537, "1"); g.setField(38, number(qty)); g.setField(60, now());
    r.addGroup(g);
    send(r);
    if (!waitFor([&] { return !pending_.count(req); })) return stuck();
    if (!haveQuote_) return true;
    std::string quote, price;
    { std::lock_guard<std::mutex> lock(mutex_); quote = get(lastQuote_, 117); price = get(lastQuote_, side == "1" ? 133 : 132); }
    fresh(id, side);
    place(id, side, qty, "D", price, "4", quote, symbol_);
    return true;
  }

  void status(const std::string& id, const std::string& side) {
    std::string known;
    { std::lock_guard<std::mutex> lock(mutex_); if (!orders_.empty()) known = orders_.rbegin()->first; }
    std::string asked = pick(2) && !known.empty() ? known : id;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (pending_.count("H" + asked)) return;
    }
    request("H" + asked);
    FIX::Message h;
    h.getHeader().setField(FIX::MsgType("H"));
    h.setField(11, asked); h.setField(55, symbol_); h.setField(54, side);
    send(h);
  }

  // cancelAll takes back what still works; an order that fills meanwhile is
  // answered with a cancel reject.
  void cancelAll() {
    waitFor([&] { return open_ == 0; });
    std::vector<std::pair<std::string, std::string>> left;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (const auto& o : orders_)
        if (o.second.working) left.push_back({latest_.count(o.first) ? latest_[o.first] : o.first, o.second.side});
    }
    for (const auto& o : left) {
      cancel(o.first, o.second);
      waitFor([&] { return open_ < kWindow; });
    }
  }
  void cancel(const std::string& order, const std::string& side) {
    std::string id = order + "x";
    set([&] { chain_[id] = root(order); pending_.insert(id); open_++; });
    FIX::Message f;
    f.getHeader().setField(FIX::MsgType("F"));
    f.setField(41, order); f.setField(11, id); f.setField(55, symbol_); f.setField(54, side); f.setField(60, now());
    f.setField(38, number(lot_));
    send(f);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string user_, password_, symbol_;
  FIX::SessionID session_;
  bool up_ = false, haveQuote_ = false;
  double tick_ = 0, lot_ = 0;
  std::mt19937 random_;
  unsigned tag_ = unsigned(std::time(nullptr) % 1000000);
  FIX::Message lastQuote_;
  std::vector<std::string> bid_, ask_, failures_;
  std::map<std::string, Order> orders_;
  std::map<std::string, std::string> chain_, latest_;
  std::set<std::string> pending_, execIDs_;
  int open_ = 0, working_ = 0, accepted_ = 0, rejected_ = 0, fills_ = 0, canceled_ = 0, replaced_ = 0, cancelRejected_ = 0;
  int held_ = 0, heldTooLate_ = 0;
  int statuses_ = 0, quotes_ = 0, quoteRejects_ = 0, marketData_ = 0, duplicates_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 14) {
    std::cerr << "usage: client HOST PORT SENDER TARGET USER PASSWORD DICTIONARY SYMBOL TICK LOT ORDERS SEED STOREDIR\n";
    return 2;
  }
  std::stringstream cfg;
  cfg << "[DEFAULT]\nConnectionType=initiator\nHeartBtInt=30\nReconnectInterval=1\nStartTime=00:00:00\nEndTime=00:00:00\n"
      << "UseDataDictionary=Y\nDataDictionary=" << argv[7] << "\nFileStorePath=" << argv[13] << "\n"
      << "ValidateFieldsOutOfOrder=Y\nValidateFieldsHaveValues=Y\nValidateUserDefinedFields=Y\nCheckLatency=Y\n"
      << "[SESSION]\nBeginString=FIX.4.4\nSenderCompID=" << argv[3] << "\nTargetCompID=" << argv[4]
      << "\nSocketConnectHost=" << argv[1] << "\nSocketConnectPort=" << argv[2] << "\n";
  try {
    FIX::SessionSettings settings(cfg);
    Client client(argv[5], argv[6]);
    FIX::FileStoreFactory store(settings);
    FIX::SocketInitiator initiator(client, store, settings);
    initiator.start();
    if (!client.waitUp()) {
      std::cerr << "no logon within 30 s\n";
      initiator.stop(true);
      return 3;
    }
    bool ok = client.run(argv[8], std::atof(argv[9]), std::atof(argv[10]), std::atoi(argv[11]), unsigned(std::atoi(argv[12])));
    client.logout();
    std::cout << client.report() << std::endl;
    initiator.stop(true);
    return ok ? 0 : 1;
  } catch (const std::exception& e) {
    std::cerr << "error: " << e.what() << "\n";
    return 1;
  }
}
