# Sinatra: params; JSON where the type says so in any way.

require 'json'
require 'sinatra/base'
require 'tempfile'
require_relative 'report'

class Shop < Sinatra::Base
  set :environment, :production
  disable :protection, :logging, :dump_errors

  def answer(handler, *fields)
    headers 'X-Lab-Handler' => handler
    status Report.write('sinatra', env, handler, *fields)
    body handler + "\n"
  end

  login = proc do
    data = params
    if request.media_type.to_s.include?('json')
      begin
        data = JSON.parse(request.body.tap(&:rewind).read)
      rescue JSON::ParserError
        data = {}
      end
    end
    data.respond_to?(:key?) ? answer('login', data['user'], data['pass']) : answer('login')
  end
  get('/account/login', &login)
  post('/account/login', &login)
  put('/account/login', &login)
  patch('/account/login', &login)

  # As Rails reads it: no padding is missed, and `Token` is no Basic.
  basic = proc do
    scheme, token = request.env['HTTP_AUTHORIZATION'].to_s.split(' ', 2)
    scheme.to_s.casecmp?('basic') ? answer('login', *token.to_s.unpack1('m').split(':', 2)) : answer('login')
  end
  get('/account/basic', &basic)
  post('/account/basic', &basic)

  not_found { answer('other') }
  error { answer('error') }
end

run Shop
