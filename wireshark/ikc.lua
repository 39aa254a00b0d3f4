-- Wireshark dissector for IKC, the protocol of Perl's POE::Component::IKC: negotiation lines, frames, messages, values
-- of Storable, and which answer belongs to which call. IKC has no port: it is found by its content, or by
-- "Decode As" (tcp.port, ikc). Install it with: ikc-conform wireshark --install

local ikc = Proto("ikc", "Inter-Kernel Communication (POE::Component::IKC)")

local tag_names = {
  [0] = "SX_OBJECT", "SX_LSCALAR", "SX_ARRAY", "SX_HASH", "SX_REF", "SX_UNDEF", "SX_INTEGER", "SX_DOUBLE", "SX_BYTE",
  "SX_NETINT", "SX_SCALAR", "SX_TIED_ARRAY", "SX_TIED_HASH", "SX_TIED_SCALAR", "SX_SV_UNDEF", "SX_SV_YES", "SX_SV_NO",
  "SX_BLESS", "SX_IX_BLESS", "SX_HOOK", "SX_OVERLOAD", "SX_TIED_KEY", "SX_TIED_IDX", "SX_UTF8STR", "SX_LUTF8STR",
  "SX_FLAG_HASH", "SX_CODE", "SX_WEAKREF", "SX_WEAKOVERLOAD", "SX_VSTRING", "SX_LVSTRING", "SX_SVUNDEF_ELEM",
  "SX_REGEXP", "SX_LOBJECT", "SX_BOOLEAN_TRUE", "SX_BOOLEAN_FALSE",
}

local f = {
  line       = ProtoField.string("ikc.line", "Line"),
  frame      = ProtoField.string("ikc.frame", "Frame"),
  length     = ProtoField.uint32("ikc.length", "Length of image", base.DEC),
  number     = ProtoField.uint32("ikc.frame_number", "Frame number", base.DEC, nil, nil, "Counts the frames of a direction from 1"),
  side       = ProtoField.string("ikc.side", "Sent by", base.ASCII, "client or server"),
  serializer = ProtoField.string("ikc.serializer", "Serializer"),
  kind       = ProtoField.string("ikc.kind", "Kind", base.ASCII, "post, call, answer or error"),
  event      = ProtoField.string("ikc.event", "event"),
  kernel     = ProtoField.string("ikc.event.kernel", "Kernel"),
  session    = ProtoField.string("ikc.event.session", "Session"),
  state      = ProtoField.string("ikc.event.state", "State"),
  from       = ProtoField.string("ikc.from", "from"),
  rsvp       = ProtoField.string("ikc.rsvp", "rsvp"),
  wantarray  = ProtoField.bool("ikc.wantarray", "wantarray"),
  is_error   = ProtoField.bool("ikc.is_error", "is_error"),
  params     = ProtoField.string("ikc.params", "params", base.ASCII, "typed JSON of ikc-conform's driver protocol"),
  text       = ProtoField.string("ikc.text", "Text of the image"),
  tag        = ProtoField.uint8("ikc.storable.tag", "Tag", base.DEC, tag_names),
  header     = ProtoField.string("ikc.storable.header", "Storable header"),
  answers    = ProtoField.uint32("ikc.answers", "Answers frame number", base.DEC),
  request_in = ProtoField.framenum("ikc.request_in", "Request in", base.NONE, frametype.REQUEST),
  reply_in   = ProtoField.framenum("ikc.response_in", "Response in", base.NONE, frametype.RESPONSE),
  took       = ProtoField.double("ikc.response_time", "Response time (s)"),
}
do
  local list = {}
  for _, field in pairs(f) do list[#list + 1] = field end
  ikc.fields = list
end

local e_bad = ProtoExpert.new("ikc.malformed", "Cannot be read", expert.group.MALFORMED, expert.severity.ERROR)
local e_error = ProtoExpert.new("ikc.error_report", "Error report", expert.group.RESPONSE_CODE, expert.severity.WARN)
local e_silent = ProtoExpert.new("ikc.unanswered", "No answer", expert.group.RESPONSE_CODE, expert.severity.WARN)
ikc.experts = { e_bad, e_error, e_silent }

ikc.prefs.max_frame = Pref.uint("Largest image (MiB)", 100, "Frames that announce more are shown as malformed")

local tcp_stream = Field.new("tcp.stream")

-- What is remembered of the streams, made anew for each capture.
local streams, known

function ikc.init()
  streams, known = {}, {}
end

----------------------------------------------------------------------------------------------------
-- Typed JSON, as ikc-conform writes it: canonical, in ASCII.

local function unit(n) return string.format("\\u%04x", n) end

local function json_char(n)
  if n == 0x22 then return '\\"' end
  if n == 0x5c then return "\\\\" end
  if n == 10 then return "\\n" end
  if n == 13 then return "\\r" end
  if n == 9 then return "\\t" end
  if n >= 0x20 and n < 0x7f then return string.char(n) end
  if n < 0x10000 then return unit(n) end
  n = n - 0x10000
  return unit(0xd800 + math.floor(n / 0x400)) .. unit(0xdc00 + n % 0x400)
end

-- runes decodes UTF-8, or returns nil.
local function runes(s)
  local out, i = {}, 1
  while i <= #s do
    local b = s:byte(i)
    local n, least, c
    if b < 0x80 then n, least, c = 0, 0, b
    elseif b >= 0xc2 and b < 0xe0 then n, least, c = 1, 0x80, b - 0xc0
    elseif b >= 0xe0 and b < 0xf0 then n, least, c = 2, 0x800, b - 0xe0
    elseif b >= 0xf0 and b < 0xf5 then n, least, c = 3, 0x10000, b - 0xf0
    else return nil end
    for k = 1, n do
      local d = s:byte(i + k)
      if not d or d < 0x80 or d > 0xbf then return nil end
      c = c * 64 + d - 0x80
    end
    if c < least or c > 0x10ffff or (c >= 0xd800 and c < 0xe000) then return nil end
    out[#out + 1] = c
    i = i + n + 1
  end
  return out
end

local function octets(s)
  return '"' .. s:gsub(".", function(c) return json_char(c:byte()) end):gsub("\n", "\\n") .. '"'
end

local function chars(list)
  local out = {}
  for i, c in ipairs(list) do out[i] = json_char(c) end
  return '"' .. table.concat(out) .. '"'
end

local function text(s)
  local list = runes(s)
  if list then return '"t":' .. chars(list) end
  return '"u":' .. octets(s)
end

-- class_name is the name of a class, which is octets.
local function class_name(s)
  local list = runes(s)
  if list then return chars(list) end
  return '{"b":' .. octets(s) .. "}"
end

-- upgraded is the UTF-8 of octets taken as characters.
local function upgraded(s)
  return (s:gsub("[\128-\255]", function(c)
    local b = c:byte()
    return string.char(0xc0 + math.floor(b / 64), 0x80 + b % 64)
  end))
end

local function count(v, seen)
  if v.immortal then return end
  seen[v] = (seen[v] or 0) + 1
  if seen[v] > 1 then return end
  if v.target then count(v.target, seen) end
  if v.key then count(v.key, seen) end
  for _, e in ipairs(v.items or {}) do
    if not e.hole then count(e, seen) end
  end
  for _, p in ipairs(v.pairs or {}) do
    if p.value then count(p.value, seen) end
  end
end

local function encode(v, seen, numbers)
  local shared = (seen[v] or 0) > 1
  if shared and numbers[v] then return '{"seen":' .. numbers[v] .. "}" end
  if shared then
    numbers.n = numbers.n + 1
    numbers[v] = numbers.n
  end
  if not shared and not v.class and not v.immortal then
    if v.kind == "undef" then return "null" end
    if v.kind == "bool" then return tostring(v.value) end
  end
  local out
  if v.kind == "undef" then out = '"undef":true'
  elseif v.kind == "bool" then out = '"bool":' .. tostring(v.value)
  elseif v.kind == "i" or v.kind == "n" then out = '"' .. v.kind .. '":"' .. v.value .. '"'
  elseif v.kind == "b" then out = '"b":' .. octets(v.value)
  elseif v.kind == "t" then out = text(v.value)
  elseif v.kind == "ref" then
    out = '"ref":' .. encode(v.target, seen, numbers)
    if v.weak then out = out .. ',"weak":true' end
    if v.overloaded then out = out .. ',"overloaded":true' end
  elseif v.kind == "array" then
    local list = {}
    for i, e in ipairs(v.items) do list[i] = e.hole and '{"hole":true}' or encode(e, seen, numbers) end
    out = '"array":[' .. table.concat(list, ",") .. "]"
  elseif v.kind == "hash" then
    local sorted = {}
    for i, p in ipairs(v.pairs) do
      sorted[i] = p
      p.order = (p.was_utf8 and not p.utf8) and upgraded(p.name) or p.name
    end
    table.sort(sorted, function(a, b)
      if a.order ~= b.order then return a.order < b.order end
      return a.flags < b.flags
    end)
    local list = {}
    for i, p in ipairs(sorted) do
      local k
      if p.utf8 then k = "{" .. text(p.name) .. "}"
      elseif p.was_utf8 then k = "{" .. text(upgraded(p.name)) .. "}"
      else k = octets(p.name) end
      if p.placeholder then list[i] = "[" .. k .. ',null,"placeholder"]'
      else list[i] = "[" .. k .. "," .. encode(p.value, seen, numbers) .. (p.locked and ',"locked"]' or "]") end
    end
    out = '"hash":[' .. table.concat(list, ",") .. "]"
    if v.restricted then out = out .. ',"restricted":true' end
  elseif v.kind == "code" then
    out = '"code":' .. octets(v.value) .. (v.utf8 and ',"utf8":true' or "")
  elseif v.kind == "regexp" then
    out = '"regexp":' .. octets(v.value) .. ',"modifiers":' .. octets(v.modifiers)
  elseif v.kind == "vstring" then
    out = '"vstring":' .. octets(v.value) .. ',"literal":' .. octets(v.literal) .. (v.utf8 and ',"utf8":true' or "")
  else -- tied
    out = '"tied":"' .. v.tied .. '","object":' .. encode(v.target, seen, numbers)
    if v.key then out = out .. ',"key":' .. encode(v.key, seen, numbers) end
    if v.index then out = out .. ',"index":' .. v.index end
  end
  if v.class then out = out .. ',"class":' .. class_name(v.class) end
  if v.immortal then out = out .. ',"immortal":true' end
  if shared then out = out .. ',"id":' .. numbers[v] end
  return "{" .. out .. "}"
end

local function typed(v)
  local seen = {}
  count(v, seen)
  return encode(v, seen, { n = 0 })
end

----------------------------------------------------------------------------------------------------
-- Storable images.

-- Reader stops at the first octet that it cannot read, with error{at, what}.
local Reader = {}
Reader.__index = Reader

local max_depth = 250 -- Lua's C stack, and the tree of Wireshark, are not deeper
local max_objects = 200000

function Reader:fail(what, at) error({ at = at or self.pos, what = what }, 0) end

function Reader:need(n, what)
  if n > self.tvb:len() - self.pos then self:fail(what .. " of " .. n .. " octets, got the end") end
end

function Reader:octet(what)
  self:need(1, what)
  self.pos = self.pos + 1
  return self.tvb(self.pos - 1, 1):uint()
end

-- u32 is a count or length, in the order of the image.
function Reader:u32(what)
  self:need(4, what)
  local r = self.tvb(self.pos, 4)
  self.pos = self.pos + 4
  if self.little then return r:le_uint() end
  return r:uint()
end

function Reader:big32(what)
  self:need(4, what)
  self.pos = self.pos + 4
  return self.tvb(self.pos - 4, 4):uint()
end

function Reader:raw(n, what)
  self:need(n, what)
  if n == 0 then return "" end
  self.pos = self.pos + n
  return self.tvb:raw(self.pos - n, n)
end

function Reader:header(tree)
  local first = self:octet("a header")
  local major, network = math.floor(first / 2), first % 2 == 1
  local minor = self:octet("a minor version")
  if major ~= 2 then self:fail("major version 2, got " .. major, 0) end
  local said = "version 2." .. minor .. (network and ", network order" or ", native order")
  if not network then
    local order = self:raw(self:octet("the length of a byte order"), "a byte order")
    self.little = order:sub(1, 1) == "1"
    self.iv = #order
    self:raw(3, "sizes")
    self.nv = self:octet("the size of a double")
    said = said .. ", byte order " .. order
  end
  tree:add(f.header, self.tvb(0, self.pos), said)
end

local function short(s)
  if #s > 60 then s = s:sub(1, 60) .. "..." end
  return "'" .. s:gsub("[%c\128-\255]", function(c) return string.format("\\x%02x", c:byte()) end) .. "'"
end

-- string_value reads what follows a string tag.
function Reader:string_value(tag)
  local long = tag == 1 or tag == 24
  local n = long and self:u32("a length") or self:octet("a length")
  return self:raw(n, "a string")
end

function Reader:integer()
  self:need(self.iv or 8, "an integer")
  local r = self.tvb(self.pos, self.iv or 8)
  self.pos = self.pos + (self.iv or 8)
  if self.iv == 4 then return tostring(self.little and r:le_int() or r:int()) end
  return tostring(self.little and r:le_int64() or r:int64())
end

local function double_text(x)
  if x ~= x then return "NaN" end
  if x == math.huge then return "Inf" end
  if x == -math.huge then return "-Inf" end
  for digits = 15, 16 do
    local s = string.format("%." .. digits .. "g", x)
    if tonumber(s) == x then return s end
  end
  return string.format("%.17g", x)
end

-- object reads one object into a value, and shows it.
function Reader:object(tree, label, into_array)
  if self.depth > max_depth then self:fail("no more than " .. max_depth .. " levels") end
  local start = self.pos
  local tag = self:octet("a tag")
  local name = tag_names[tag]
  if not name then self:fail("the tag of an object, got " .. tag, start) end
  if tag == 0 then
    local n = self:big32("an index")
    local v = self.seen[n]
    if not v then self:fail("an object stored before, got index " .. n, start) end
    tree:add(f.tag, self.tvb(start, 1), tag):set_text(label .. name .. " #" .. n)
    return v
  end
  if tag == 17 or tag == 18 then
    local n = self:octet("a class")
    if n >= 128 then n = self:u32("a class") end
    local class
    if tag == 17 then
      class = self:raw(n, "a class")
      self.classes[#self.classes + 1] = class
    else
      class = self.classes[n + 1]
      if not class then self:fail("a class named before, got index " .. n, start) end
    end
    local sub = tree:add(f.tag, self.tvb(start, 1), tag)
    sub:set_text(label .. name .. " " .. short(class))
    self.depth = self.depth + 1
    self.class = class
    local v = self:object(sub, "")
    self.depth = self.depth - 1
    return v
  end
  local v = {}
  if tag ~= 29 and tag ~= 30 then -- the string after a v-string's literal is the SV
    self.seen[self.next] = v
    self.next = self.next + 1
    if self.next > max_objects then self:fail("no more than " .. max_objects .. " objects") end
  end
  v.class, self.class = self.class, nil
  local item = tree:add(f.tag, self.tvb(start, 1), tag)
  self.depth = self.depth + 1
  local shown = ""
  if tag == 10 or tag == 1 then
    v.kind, v.value = "b", self:string_value(tag)
    shown = short(v.value)
  elseif tag == 23 or tag == 24 then
    v.kind, v.value = "t", self:string_value(tag)
    shown = short(v.value)
  elseif tag == 8 then
    v.kind, v.value = "i", tostring(self:octet("an integer") - 128)
    shown = v.value
  elseif tag == 9 then
    self:need(4, "an integer")
    v.kind, v.value = "i", tostring(self.tvb(self.pos, 4):int())
    self.pos = self.pos + 4
    shown = v.value
  elseif tag == 6 then
    v.kind, v.value = "i", self:integer()
    shown = v.value
  elseif tag == 7 then
    if self.nv ~= 8 then self:fail("a double of 8 octets") end
    self:need(8, "a double")
    local r = self.tvb(self.pos, 8)
    self.pos = self.pos + 8
    v.kind, v.value = "n", double_text(self.little and r:le_float() or r:float())
    shown = v.value
  elseif tag == 5 then v.kind = "undef"
  elseif tag == 14 and into_array then v.hole = true
  elseif tag == 14 or tag == 31 then v.kind, v.immortal = "undef", true
  elseif tag == 15 or tag == 16 then v.kind, v.value, v.immortal = "bool", tag == 15, true
  elseif tag == 34 or tag == 35 then v.kind, v.value = "bool", tag == 34
  elseif tag == 4 or tag == 20 or tag == 27 or tag == 28 then
    v.kind, v.overloaded, v.weak = "ref", tag == 20 or tag == 28, tag == 27 or tag == 28
    v.target = self:object(item, "")
  elseif tag == 2 then
    v.kind, v.items = "array", {}
    local n = self:u32("a count")
    shown = n .. " elements"
    for i = 1, n do v.items[i] = self:object(item, "[" .. (i - 1) .. "] ", true) end
  elseif tag == 3 or tag == 25 then
    shown = self:hash(v, item, tag == 25) .. " pairs"
  elseif tag == 26 then
    local inner = self:object(item, "")
    v.kind, v.value, v.utf8 = "code", inner.value, inner.kind == "t"
  elseif tag == 32 then
    local flags = self:octet("flags")
    local n = flags % 2 == 1 and self:u32("a length") or self:octet("a length")
    v.kind, v.value = "regexp", self:raw(n, "a pattern")
    v.modifiers = self:raw(self:octet("a length"), "modifiers")
    shown = "qr/" .. v.value .. "/" .. v.modifiers
  elseif tag == 29 or tag == 30 then
    local n = tag == 30 and self:u32("a length") or self:octet("a length")
    local literal = self:raw(n, "a literal")
    self.class = v.class
    v = self:object(item, "")
    v.utf8 = v.kind == "t"
    v.kind, v.literal, shown = "vstring", literal, literal
  elseif tag >= 11 and tag <= 13 or tag == 21 or tag == 22 then
    v.kind, v.tied = "tied", ({ [11] = "array", [12] = "hash", [13] = "scalar", [21] = "key", [22] = "element" })[tag]
    v.target = self:object(item, "")
    if tag == 21 then v.key = self:object(item, "key ") end
    if tag == 22 then v.index = self:u32("an index") end
  else
    self:fail(name .. " is not decoded here; use ikc-conform inspect --frame N --dump", start)
  end
  self.depth = self.depth - 1
  item:set_text(label .. name .. (shown ~= "" and " " .. shown or ""))
  item:set_len(self.pos - start)
  return v
end

function Reader:hash(v, item, flagged)
  v.kind, v.pairs = "hash", {}
  if flagged then v.restricted = self:octet("hash flags") % 2 == 1 end
  local n = self:u32("a count")
  for i = 1, n do
    local value = self:object(item, "")
    local flags = flagged and self:octet("key flags") or 0
    local at = self.pos
    local p = { flags = flags, value = value }
    local function has(bit) return math.floor(flags / bit) % 2 == 1 end
    p.utf8, p.was_utf8, p.locked, p.placeholder = has(1), has(2), has(4), has(16)
    if has(8) then self:fail("a key that is a string") end
    p.name = self:raw(self:u32("a key's length"), "a key")
    item:add(self.tvb(at, self.pos - at), "key " .. short(p.name))
    v.pairs[i] = p
  end
  return n
end

----------------------------------------------------------------------------------------------------
-- Messages.

local function get(hash, name)
  for _, p in ipairs(hash.pairs) do
    if p.name == name then return p.value end
  end
end

local function scalar(v)
  if v and (v.kind == "b" or v.kind == "t" or v.kind == "i" or v.kind == "n") then return v.value end
  if v and v.kind == "bool" then return v.value and "1" or "" end
  return ""
end

local function truth(v)
  local s = scalar(v)
  return v ~= nil and (v.kind == "ref" or (s ~= "" and s ~= "0"))
end

-- address reads an event, from or rsvp: a hash, or a specifier.
local function address(v)
  if not v or v.kind == "undef" then return nil end
  local a = { kernel = "", session = "", state = "" }
  if v.kind == "ref" and v.target.kind == "hash" then
    for _, part in ipairs({ "kernel", "session", "state" }) do a[part] = scalar(get(v.target, part)) end
  else
    local s = scalar(v):gsub("^poe:", ""):gsub("%?%w*$", "")
    if s:sub(1, 2) == "//" then
      a.kernel, s = s:match("^//([^/]*)/?(.*)$")
    end
    s = s:gsub("^/", "")
    if s:find("/", 1, true) then a.session, a.state = s:match("^([^/]*)/?(.*)$") else a.state = s end
  end
  local t = "poe:"
  if a.kernel ~= "" then t = t .. "//" .. a.kernel end
  if a.session ~= "" then t = t .. "/" .. a.session end
  if a.state ~= "" then t = t .. (a.session ~= "" and "/" or "") .. a.state end
  a.text = t
  return a
end

-- quotes tells whether an error message is about a specifier.
local function quotes(message, spec)
  for _, form in ipairs({ ".  Request " .. spec, " [" .. spec .. "]" }) do
    local _, last = message:find(form, 1, true)
    if last and (last == #message or message:sub(last + 1, last + 9) == " sent by ") then return true end
  end
  return false
end

local function remove(list, x)
  for i, e in ipairs(list) do
    if e == x then table.remove(list, i) return end
  end
end

-- match finds what a message answers, once, in the order of the capture.
local function match(s, side, m, pinfo)
  local other = side == "client" and "server" or "client"
  local me = { packet = pinfo.number, time = pinfo.rel_ts, frame = m.number, to = m.to, side = side }
  local function reply_to(x)
    if not x then return end
    if not x.replied then x.reply_in, x.replied = pinfo.number, true end
    m.request = x
    m.took = me.time - x.time
    remove(s.open[x.side], x)
    if x.waiting then remove(x.waiting.list, x) end
  end
  m.self = me
  if m.is_error or (m.event.session == "IKC" and m.event.state == "remote_error") then
    m.kind = "error"
    local p = m.params
    if p and p.kind == "ref" and p.target.kind == "array" then p = p.target.items[1] end
    local message = scalar(p)
    for _, list in ipairs({ s.open[other], s.failed[other] }) do
      for _, x in ipairs(list) do
        if quotes(message, x.to.text) then
          reply_to(x)
          remove(s.failed[other], x)
          table.insert(s.failed[other], 1, x)
          s.failed[other][65] = nil
          return
        end
      end
    end
    return
  end
  if m.rsvp then
    m.kind = "call"
    local key = m.rsvp.session .. "/" .. m.rsvp.state
    local calls = s.calls[side][key] or { list = {} }
    s.calls[side][key] = calls
    me.waiting, calls.newest = calls, me
    for _, c in ipairs(calls.list) do c.shared, me.shared = true, true end
    calls.list[#calls.list + 1] = me
  else
    local calls = s.calls[other][m.event.session .. "/" .. m.event.state]
    if calls then
      m.kind = "answer"
      local x = nil
      for _, c in ipairs(calls.list) do
        if m.from and c.to.session == m.from.session then x = c break end
      end
      reply_to(x or calls.list[1] or calls.newest)
      return
    end
    m.kind = "post"
  end
  local open = s.open[side]
  open[#open + 1] = me
  if #open > 4096 then table.remove(open, 1) end
end

local function stream_of(pinfo)
  local field = tcp_stream()
  local a, b = tostring(pinfo.src) .. ":" .. pinfo.src_port, tostring(pinfo.dst) .. ":" .. pinfo.dst_port
  -- The first of two passes may lack the field.
  local n = field and field.value or (a < b and a .. " " .. b or b .. " " .. a)
  local s = streams[n]
  if not s then
    s = { client = a, frames = { client = 0, server = 0 },
      opaque = {}, open = { client = {}, server = {} }, failed = { client = {}, server = {} }, calls = { client = {}, server = {} } }
    streams[n] = s
  end
  return s
end

-- message reads the fields of a thawed image.
local function message(root)
  local m = { event = address(get(root, "event")), from = address(get(root, "from")), rsvp = address(get(root, "rsvp")),
    params = get(root, "params"), wantarray = truth(get(root, "wantarray")), is_error = truth(get(root, "is_error")) }
  m.event = m.event or { kernel = "", session = "", state = "", text = "poe:" }
  m.to = m.event
  -- state IKC:proxy takes [state, [args]]
  if m.event.state == "IKC:proxy" and m.params and m.params.kind == "ref" and m.params.target.kind == "array" then
    local state = m.params.target.items[1]
    m.to = { kernel = m.event.kernel, session = m.event.session, state = state and scalar(state) or "" }
    m.to.text = "poe:" .. (m.to.kernel ~= "" and "//" .. m.to.kernel or "") .. "/" .. m.to.session .. "/" .. m.to.state
  end
  return m
end

local function show_message(m, tvb, tree, info)
  tree:add(f.kind, m.kind)
  local e = tree:add(f.event, m.event.text)
  e:add(f.kernel, m.event.kernel)
  e:add(f.session, m.event.session)
  e:add(f.state, m.event.state)
  if m.from then tree:add(f.from, m.from.text) end
  if m.rsvp then tree:add(f.rsvp, m.rsvp.text) end
  if m.wantarray then tree:add(f.wantarray, true) end
  if m.is_error then tree:add(f.is_error, true) end
  if m.params then tree:add(f.params, typed(m.params)) end
  if info.request then
    tree:add(f.answers, info.request.frame):set_generated()
    tree:add(f.request_in, info.request.packet):set_generated()
    tree:add(f.took, info.took):set_generated()
  end
  if info.self.reply_in then tree:add(f.reply_in, info.self.reply_in):set_generated() end
end

-- read_image reads an image, shows it, and returns the message in it.
local function read_image(tvb, tree)
  local start = tvb:raw(0, math.min(tvb:len(), 4))
  if start == "FrT;" or start:sub(1, 1) == "$" then
    local name = start == "FrT;" and "FreezeThaw" or "POE::Component::IKC::Freezer"
    tree:add(f.serializer, name)
    local raw = tvb:raw()
    if not runes(raw) then -- Wireshark would write octets that are no UTF-8 into its XML
      raw = raw:gsub("[\128-\255]", function(c) return string.format("\\x%02x", c:byte()) end)
    end
    tree:add(f.text, tvb(), raw)
    return nil
  end
  tree:add(f.serializer, "Storable")
  local sub = tree:add(ikc, tvb(), "Image, " .. tvb:len() .. " octets")
  local r = setmetatable({ tvb = tvb, pos = 0, depth = 0, next = 0, seen = {}, classes = {} }, Reader)
  local root
  local ok, err = pcall(function()
    r:header(sub)
    root = r:object(sub, "")
    if r.pos < tvb:len() then r:fail("the end of the image, got " .. tvb:len() - r.pos .. " more octets") end
    if root.kind ~= "hash" then r:fail("a hash, got " .. root.kind, 0) end
  end)
  if not ok then
    local what = type(err) == "table" and ("at octet " .. err.at .. " of the image: expected " .. err.what) or tostring(err)
    sub:add_proto_expert_info(e_bad, what)
    return nil, what
  end
  return message(root)
end

----------------------------------------------------------------------------------------------------
-- Lines and frames.

-- head looks for the length of a frame: its value and size with the NUL; 0 if more octets are needed; nil
-- if there is none.
local function head(tvb, offset)
  local n = 0
  for i = offset, math.min(offset + 10, tvb:len() - 1) do
    local b = tvb(i, 1):uint()
    if b == 0 and i > offset then return n, i - offset + 1 end
    if b < 0x30 or b > 0x39 then return nil end
    n = n * 10 + b - 0x30
  end
  if tvb:len() - offset > 10 then return nil end
  return 0, 0
end

local function one_frame(tvb, pinfo, tree, size, length)
  local item = tree:add(f.frame, tvb(), "")
  item:add(f.length, tvb(0, size), length)
  if length == 0 then
    item:add_proto_expert_info(e_bad, "expected an image, got a frame of 0 octets")
  end
  local image = length > 0 and tvb(size, length):tvb() or nil
  local key = pinfo.number .. ":" .. tvb:offset() .. ":" .. (image and image:raw() or "")
  local info = known[key]
  local first = not info
  if first then
    local s = stream_of(pinfo)
    local side = tostring(pinfo.src) .. ":" .. pinfo.src_port == s.client and "client" or "server"
    s.frames[side] = s.frames[side] + 1
    info = { number = s.frames[side], stream = s, side = side }
    known[key] = info
  end
  local s, side = info.stream, info.side
  item:add(f.number, info.number):set_generated()
  item:add(f.side, side):set_generated()
  local m, bad
  if image then m, bad = read_image(image, item) end
  local said
  if m then
    if first then
      m.number = info.number
      match(s, side, m, pinfo)
      info.kind, info.request, info.took, info.self = m.kind, m.request, m.took, m.self
    end
    m.kind = info.kind
    show_message(m, tvb, item, info)
    said = m.kind .. " " .. m.event.session .. "/" .. m.event.state
    if m.kind == "error" then item:add_proto_expert_info(e_error) end
    -- When the capture has been read once, what came back is known, unless some of it cannot be read here.
    if m.kind == "call" and pinfo.visited and not info.self.replied and not s.opaque[side == "client" and "server" or "client"] then
      local whose = info.self.shared and "this call, or to another with its rsvp," or "this call"
      item:add_proto_expert_info(e_silent, "no answer to " .. whose .. " is in the capture: 'ikc-conform diagnose' says why")
    end
  else
    s.opaque[side] = true
    said = bad and "unreadable" or "image"
  end
  item:set_text("Frame " .. info.number .. " of the " .. side .. ": " .. said .. ", " .. length .. " octets")
  return said
end

-- more asks TCP for more octets.
local function more(pinfo, offset, n)
  pinfo.desegment_offset = offset
  pinfo.desegment_len = n
end

function ikc.dissector(tvb, pinfo, root)
  pinfo.cols.protocol = "IKC"
  local tree = root:add(ikc, tvb())
  local said = {}
  local offset = 0
  stream_of(pinfo) -- who speaks first is the client
  while offset < tvb:len() do
    local length, size = head(tvb, offset)
    if length and size == 0 then
      more(pinfo, offset, DESEGMENT_ONE_MORE_SEGMENT)
      break
    elseif length then
      if length > ikc.prefs.max_frame * 1048576 then
        tree:add_proto_expert_info(e_bad, "a frame of " .. length .. " octets is announced")
        return tvb:len()
      end
      local missing = offset + size + length - tvb:len()
      if missing > 0 then
        more(pinfo, offset, missing)
        break
      end
      said[#said + 1] = one_frame(tvb(offset, size + length):tvb(), pinfo, tree, size, length)
      offset = offset + size + length
    else
      local last = nil
      for i = offset, math.min(tvb:len(), offset + 4096) - 1 do
        local b = tvb(i, 1):uint()
        if b == 10 or b == 13 then last = i break end
        if b < 0x20 and b ~= 9 then
          tree:add_proto_expert_info(e_bad, "neither a line of negotiation nor the head of a frame")
          return tvb:len()
        end
      end
      if not last then
        if tvb:len() - offset >= 4096 then
          tree:add_proto_expert_info(e_bad, "a line of more than 4096 octets")
          return tvb:len()
        end
        more(pinfo, offset, DESEGMENT_ONE_MORE_SEGMENT)
        break
      end
      local stop = last + 1
      if tvb(last, 1):uint() == 13 and stop < tvb:len() and tvb(stop, 1):uint() == 10 then stop = stop + 1 end
      local line = last > offset and tvb:raw(offset, last - offset) or ""
      tree:add(f.line, tvb(offset, stop - offset), line)
      said[#said + 1] = #line > 40 and line:sub(1, 40) .. "..." or line
      offset = stop
    end
  end
  if #said > 0 then pinfo.cols.info = table.concat(said, "; ") end
  return tvb:len()
end

-- Found by content: the first words of a client, or a frame with the image of one of the serializers.
local function looks_like(tvb)
  local start = tvb:raw(0, math.min(tvb:len(), 32))
  if start:find("^SETUP KERNEL=") or start:find("^SETUP [A-Z]+=") or start:find("^HELLO[\r\n]") then return true end
  local image = start:match("^%d%d?%d?%d?%d?%d?%d?%d?%d?%z(.+)$")
  return image ~= nil and (image:find("^[\4\5][\2-\12]") or image:find("^FrT;") or image:find("^%$POE::")) ~= nil
end

ikc:register_heuristic("tcp", function(tvb, pinfo, root)
  if tvb:len() < 5 or not looks_like(tvb) then return false end
  pinfo.conversation = ikc
  ikc.dissector(tvb, pinfo, root)
  return true
end)

DissectorTable.get("tcp.port"):add_for_decode_as(ikc)
